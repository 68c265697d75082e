import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import { isTerminal } from './domain/status.js';
import { ResponseStore, type ItemPage, type ItemPageRequest, type StoredResponse } from './response-store.js';
import { RunningResponses } from './running-responses.js';
import { ResponseSettings } from './settings.js';

/** Pause between two looks for the end of a run. */
const LOOK_MS = 50;

/** What an account may do with its stored responses. */
@Injectable()
export class StoredResponses {
  constructor(
    private readonly store: ResponseStore,
    private readonly running: RunningResponses,
    private readonly settings: ResponseSettings,
  ) {}

  /** @throws GatewayError response_not_found */
  async find(accountId: string, id: string): Promise<StoredResponse> {
    const stored = await this.store.find(accountId, id);
    if (!stored) throw notFound(id);
    return stored;
  }

  /** @throws GatewayError response_not_found */
  async inputItems(accountId: string, id: string, page: ItemPageRequest): Promise<ItemPage> {
    const items = await this.store.inputItems(accountId, id, page);
    if (!items) throw notFound(id);
    return items;
  }

  /** Ends a run in any process and waits for its end. @throws GatewayError 404, or 400 for a run that has ended. */
  async cancel(accountId: string, id: string): Promise<StoredResponse> {
    const stored = await this.find(accountId, id);
    const { status, background } = stored.object;
    if (!isTerminal(status)) return this.end(accountId, id);
    if (background || status === 'cancelled') return stored;
    throw new GatewayError('invalid_value', 'Cannot cancel a synchronous response.');
  }

  /** Also erases the answer that is kept for a response that is not stored. @throws GatewayError response_not_found */
  async erase(accountId: string, id: string): Promise<void> {
    const stored = await this.store.find(accountId, id);
    if (stored && !isTerminal(stored.object.status)) await this.end(accountId, id);
    if (!(await this.store.erase(accountId, id))) throw notFound(id);
  }

  private async end(accountId: string, id: string): Promise<StoredResponse> {
    await this.store.requestCancel(accountId, id);
    this.running.cancel(id);
    const deadline = Date.now() + this.settings.endWaitMs;
    for (;;) {
      const status = await this.store.status(accountId, id);
      if (!status || isTerminal(status)) return this.find(accountId, id);
      if (Date.now() > deadline)
        throw new GatewayError('service_unavailable', 'The response has not ended yet. Ask again.', {
          retryAfterSeconds: 1,
        });
      await sleep(LOOK_MS);
    }
  }
}

function notFound(id: string): GatewayError {
  return new GatewayError('response_not_found', `Response with id '${id}' not found.`);
}
