import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Account } from '../../http/account-guard.js';
import type { Caller } from '../../http/caller.js';
import { whenLeft } from '../../http/client-left.js';
import { FreeBodies, type BodyForm } from '../../http/free-bodies.js';
import type { JsonObject } from '../../base/json.js';
import { itemList } from '../item-list.js';
import { parseItemQuery, type Query } from '../list-query.js';
import { parseMetadata, parseNewConversation, parseNewItems } from './conversation-body.js';
import type { StoredConversation } from './conversation-store.js';
import { Conversations, type Owner } from './conversations.service.js';

/** One request: its caller and its connection. */
export interface ConversationCall {
  readonly caller: Caller;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** `…/conversations` of both surfaces. The key is looked up first, since nothing here costs money. */
@Injectable()
export class ConversationsEndpoint {
  constructor(
    private readonly conversations: Conversations,
    private readonly bodies: FreeBodies,
  ) {}

  async create(call: ConversationCall): Promise<object> {
    // The SDK sends no body at all when it has no fields to send.
    const { owner, body } = await this.received(call, { mayBeEmpty: true });
    return shown(await this.conversations.create(owner, parseNewConversation(body)));
  }

  async find(account: Account, id: string): Promise<object> {
    return shown(await this.conversations.find(account.id, id));
  }

  async update(call: ConversationCall, id: string): Promise<object> {
    const { owner, body } = await this.received(call);
    const metadata = parseMetadata(body);
    return shown(await this.conversations.changeMetadata(owner.accountId, id, metadata));
  }

  async erase(account: Account, response: ServerResponse, id: string): Promise<object> {
    await this.conversations.erase(ownerOf(account, response), id);
    return { id, object: 'conversation.deleted', deleted: true };
  }

  async items(account: Account, id: string, query: Query): Promise<object> {
    return itemList(await this.conversations.items(account.id, id, parseItemQuery(query)));
  }

  async addItems(call: ConversationCall, id: string): Promise<object> {
    const { owner, body } = await this.received(call);
    const items = await this.conversations.addItems(owner, id, parseNewItems(body['items']));
    return itemList({ items, hasMore: false });
  }

  item(account: Account, id: string, itemId: string): Promise<object> {
    return this.conversations.item(account.id, id, itemId);
  }

  async removeItem(account: Account, response: ServerResponse, id: string, itemId: string): Promise<object> {
    return shown(await this.conversations.removeItem(ownerOf(account, response), id, itemId));
  }

  private async received(
    { caller, request, response }: ConversationCall,
    form?: BodyForm,
  ): Promise<{ readonly owner: Owner; readonly body: JsonObject }> {
    const left = whenLeft(response);
    const { key, body } = await this.bodies.receive(caller, request, form);
    return { owner: { accountId: key.accountId, payer: caller.payer, left }, body };
  }
}

function ownerOf({ id, payer }: Account, response: ServerResponse): Owner {
  return { accountId: id, payer, left: whenLeft(response) };
}

function shown({ id, metadata, createdAtMs }: StoredConversation): object {
  return { id, object: 'conversation', created_at: Math.floor(createdAtMs / 1000), metadata };
}
