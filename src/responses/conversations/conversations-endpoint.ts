import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Caller } from '../../http/caller.js';
import { whenLeft } from '../../http/client-left.js';
import { FreeBodies } from '../../http/free-bodies.js';
import type { JsonObject } from '../../base/json.js';
import { KeyAuthenticator } from '../../payments/keys/key-authenticator.js';
import { itemList } from '../item-list.js';
import { parseItemQuery, type Query } from '../list-query.js';
import { parseMetadata, parseNewConversation, parseNewItems } from './conversation-body.js';
import type { StoredConversation } from './conversation-store.js';
import { Conversations, type Owner } from './conversations.service.js';

/** One call: who asks, and the connection. */
export interface ConversationCall {
  readonly caller: Caller;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** What both surfaces do with `…/conversations`. The key is looked up first: nothing here costs money. */
@Injectable()
export class ConversationsEndpoint {
  constructor(
    private readonly conversations: Conversations,
    private readonly keys: KeyAuthenticator,
    private readonly bodies: FreeBodies,
  ) {}

  async create(call: ConversationCall): Promise<object> {
    // The SDK sends no body at all when there is nothing to say.
    const { owner, body } = hasBody(call.request)
      ? await this.received(call)
      : { owner: await this.ownerOf(call), body: {} };
    return shown(await this.conversations.create(owner, parseNewConversation(body)));
  }

  async find({ caller }: ConversationCall, id: string): Promise<object> {
    return shown(await this.conversations.find(await this.accountOf(caller), id));
  }

  async update(call: ConversationCall, id: string): Promise<object> {
    const { owner, body } = await this.received(call);
    const metadata = parseMetadata(body);
    return shown(await this.conversations.changeMetadata(owner.accountId, id, metadata));
  }

  async erase(call: ConversationCall, id: string): Promise<object> {
    await this.conversations.erase(await this.ownerOf(call), id);
    return { id, object: 'conversation.deleted', deleted: true };
  }

  async items({ caller }: ConversationCall, id: string, query: Query): Promise<object> {
    const accountId = await this.accountOf(caller);
    return itemList(await this.conversations.items(accountId, id, parseItemQuery(query)));
  }

  async addItems(call: ConversationCall, id: string): Promise<object> {
    const { owner, body } = await this.received(call);
    const items = await this.conversations.addItems(owner, id, parseNewItems(body['items']));
    return itemList({ items, hasMore: false });
  }

  async item({ caller }: ConversationCall, id: string, itemId: string): Promise<object> {
    return this.conversations.item(await this.accountOf(caller), id, itemId);
  }

  async removeItem(call: ConversationCall, id: string, itemId: string): Promise<object> {
    return shown(await this.conversations.removeItem(await this.ownerOf(call), id, itemId));
  }

  private async accountOf(caller: Caller): Promise<string> {
    return (await this.keys.authenticate(caller)).accountId;
  }

  private async ownerOf({ caller, response }: ConversationCall): Promise<Owner> {
    const left = whenLeft(response);
    return { accountId: await this.accountOf(caller), keyHash: caller.keyHash, left };
  }

  private async received({ caller, request, response }: ConversationCall): Promise<{
    readonly owner: Owner;
    readonly body: JsonObject;
  }> {
    const left = whenLeft(response);
    const { key, body } = await this.bodies.receive(caller, request);
    return { owner: { accountId: key.accountId, keyHash: caller.keyHash, left }, body };
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function shown({ id, metadata, createdAtMs }: StoredConversation): object {
  return { id, object: 'conversation', created_at: Math.floor(createdAtMs / 1000), metadata };
}
