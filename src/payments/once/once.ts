import { Injectable, Logger } from '@nestjs/common';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { KeyAuthenticator } from '../keys/key-authenticator.js';
import type { KeyedRequest } from '../keys/keyed-request.js';
import { IdempotencyStore, type IdempotencyRecord, type KeptAnswer } from './idempotency-store.js';
import type { OnceKey } from './once-key.js';

/** The answer to an earlier, identical request. */
export interface Earlier {
  readonly accountId: string;
  readonly responseId: string;
  readonly answer: KeptAnswer;
}

/** Tells a repeated request from a new one. */
@Injectable()
export class Once {
  private readonly logger = new Logger(Once.name);

  constructor(
    private readonly keys: KeyAuthenticator,
    private readonly store: IdempotencyStore,
  ) {}

  /**
   * @returns nothing for a request that is to run
   * @throws GatewayError 401 for a bad key, 429 for one that is at its limits, idempotency_conflict,
   * idempotency_in_flight, or what became of the answer
   */
  async earlier(request: KeyedRequest, once: OnceKey): Promise<Earlier | undefined> {
    const { accountId } = await this.keys.authenticate(request);
    return this.earlierOf(accountId, once);
  }

  /** The same for an account that is known. */
  async earlierOf(accountId: string, { key, fingerprint }: OnceKey): Promise<Earlier | undefined> {
    const record = await this.recordOf(accountId, key);
    if (!record) return undefined;
    if (!record.fingerprint.equals(fingerprint))
      throw new GatewayError('idempotency_conflict', undefined, { shouldRetry: false });
    const { answer, responseId } = record;
    if (typeof answer === 'string') throw withoutAnswer(answer, responseId);
    this.count(accountId, key);
    return { accountId, responseId, answer };
  }

  /** @throws GatewayError service_unavailable */
  async recordOf(accountId: string, key: string): Promise<IdempotencyRecord | undefined> {
    try {
      return await this.store.find(accountId, key);
    } catch (cause) {
      throw new GatewayError('service_unavailable', undefined, { retryAfterSeconds: 5, cause });
    }
  }

  /** Keeps the answer to the request for a job. If it is not kept, a repeated request shows the job as it is. */
  async keep(responseId: string, answer: KeptAnswer): Promise<void> {
    try {
      await this.store.keep(responseId, answer);
    } catch (failure) {
      this.logger.warn({
        msg: 'the answer to a request that runs once was not kept',
        responseId,
        err: failure,
      });
    }
  }

  /** Not awaited: a known answer does not wait for a count. */
  private count(accountId: string, key: string): void {
    this.store.countReplay(accountId, key).catch((failure: unknown) => {
      this.logger.warn({ msg: 'a replay was not counted', err: failure });
    });
  }
}

function withoutAnswer(state: 'running' | 'lost' | 'erased', responseId: string): GatewayError {
  if (state === 'running') return inFlight();
  if (state === 'erased') {
    const code = responseId.startsWith('video_') ? 'video_not_found' : 'response_not_found';
    return new GatewayError(code, 'The answer to this request was deleted.');
  }
  return new GatewayError(
    'server_error',
    'This call was charged, but its answer is not kept: it was too long, or the gateway stopped before it was complete. A new Idempotency-Key runs it again.',
    { shouldRetry: false },
  );
}

/** The first request has no answer yet. */
export function inFlight(): GatewayError {
  return new GatewayError('idempotency_in_flight', undefined, { retryAfterSeconds: 1 });
}
