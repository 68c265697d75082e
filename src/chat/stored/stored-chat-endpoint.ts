import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../base/errors/gateway-error.js';
import type { Caller } from '../../http/caller.js';
import { FreeBodies } from '../../http/free-bodies.js';
import { KeyAuthenticator } from '../../payments/keys/key-authenticator.js';
import type { Query } from '../../base/shape/page-query.js';
import { ChatCompletionStore, type StoredCompletion } from './chat-completion-store.js';
import { completionJson, listJson, messagePage } from './stored-chat-json.js';
import { parseCompletionPage, parseMetadata, parseStoredPage } from './stored-chat-query.js';

/** What both surfaces do with chat completions that were stored; native shows their receipts. */
@Injectable()
export class StoredChatEndpoint {
  constructor(
    private readonly store: ChatCompletionStore,
    private readonly keys: KeyAuthenticator,
    private readonly bodies: FreeBodies,
  ) {}

  async list(caller: Caller, query: Query): Promise<object> {
    const accountId = await this.accountOf(caller);
    const { completions, hasMore } = await this.store.page(accountId, parseCompletionPage(query));
    return listJson(
      completions.map((stored) => shown(stored, caller)),
      hasMore,
    );
  }

  async find(caller: Caller, id: string): Promise<object> {
    return shown(await this.stored(await this.accountOf(caller), id), caller);
  }

  async update(caller: Caller, id: string, request: IncomingMessage): Promise<object> {
    const { key, body } = await this.bodies.receive(caller, request);
    const { accountId } = key;
    const metadata = parseMetadata(body);
    if (!(await this.store.setMetadata(accountId, id, metadata))) throw notFound(id);
    return shown(await this.stored(accountId, id), caller);
  }

  async erase(caller: Caller, id: string): Promise<object> {
    if (!(await this.store.erase(await this.accountOf(caller), id))) throw notFound(id);
    return { object: 'chat.completion.deleted', id, deleted: true };
  }

  async messages(caller: Caller, id: string, query: Query): Promise<object> {
    const accountId = await this.accountOf(caller);
    const page = parseStoredPage(query);
    return messagePage(id, await this.stored(accountId, id), page);
  }

  private async stored(accountId: string, id: string): Promise<StoredCompletion> {
    const stored = await this.store.find(accountId, id);
    if (!stored) throw notFound(id);
    return stored;
  }

  private async accountOf(caller: Caller): Promise<string> {
    return (await this.keys.authenticate(caller)).accountId;
  }
}

function shown(stored: StoredCompletion, { surface }: Caller): object {
  return completionJson(stored, { withReceipt: surface === 'native' });
}

function notFound(id: string): GatewayError {
  return new GatewayError('not_found', `Stored chat completion with id '${id}' not found.`);
}
