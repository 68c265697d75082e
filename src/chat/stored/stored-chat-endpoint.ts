import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../base/errors/gateway-error.js';
import type { Account } from '../../http/account-guard.js';
import type { Caller } from '../../http/caller.js';
import type { Surface } from '../../http/surface.js';
import { FreeBodies } from '../../http/free-bodies.js';
import type { Query } from '../../base/shape/page-query.js';
import { ChatCompletionStore, type StoredCompletion } from './chat-completion-store.js';
import { completionJson, listJson, messagePage } from './stored-chat-json.js';
import { parseCompletionPage, parseMetadata, parseStoredPage } from './stored-chat-query.js';

/** Stored chat completions on both surfaces; the native one shows their receipts. */
@Injectable()
export class StoredChatEndpoint {
  constructor(
    private readonly store: ChatCompletionStore,
    private readonly bodies: FreeBodies,
  ) {}

  async list({ id, surface }: Account, query: Query): Promise<object> {
    const { completions, hasMore } = await this.store.page(id, parseCompletionPage(query));
    return listJson(
      completions.map((stored) => shown(stored, surface)),
      hasMore,
    );
  }

  async find(account: Account, id: string): Promise<object> {
    return shown(await this.stored(account.id, id), account.surface);
  }

  async update(caller: Caller, id: string, request: IncomingMessage): Promise<object> {
    const { key, body } = await this.bodies.receive(caller, request);
    const { accountId } = key;
    const metadata = parseMetadata(body);
    if (!(await this.store.setMetadata(accountId, id, metadata))) throw notFound(id);
    return shown(await this.stored(accountId, id), caller.surface);
  }

  async erase(account: Account, id: string): Promise<object> {
    if (!(await this.store.erase(account.id, id))) throw notFound(id);
    return { object: 'chat.completion.deleted', id, deleted: true };
  }

  async messages(account: Account, id: string, query: Query): Promise<object> {
    const page = parseStoredPage(query);
    return messagePage(id, await this.stored(account.id, id), page);
  }

  private async stored(accountId: string, id: string): Promise<StoredCompletion> {
    const stored = await this.store.find(accountId, id);
    if (!stored) throw notFound(id);
    return stored;
  }
}

function shown(stored: StoredCompletion, surface: Surface): object {
  return completionJson(stored, { withReceipt: surface === 'native' });
}

function notFound(id: string): GatewayError {
  return new GatewayError('not_found', `Stored chat completion with id '${id}' not found.`);
}
