import { Injectable, Logger } from '@nestjs/common';
import { defer } from 'rxjs';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { KeyAuthenticator } from '../keys/key-authenticator.js';
import type { KeyedRequest } from '../keys/keyed-request.js';
import type { Earlier, KeptEarlier } from './earlier.js';
import { AwaitedEnds } from './awaited-ends.js';
import { findRecord } from './find-record.js';
import { IdempotencyStore, type IdempotencyRecord, type KeptAnswer } from './idempotency-store.js';
import type { OnceKey } from './once-key.js';
import { RunningAnswers, type LiveAnswer } from './running-answers.js';

/** Tells a repeated request from a new one. */
@Injectable()
export class Once {
  private readonly logger = new Logger(Once.name);

  constructor(
    private readonly keys: KeyAuthenticator,
    private readonly store: IdempotencyStore,
    private readonly running: RunningAnswers,
    private readonly ends: AwaitedEnds,
  ) {}

  /**
   * A request whose twin still runs joins it: a stream at once, a whole answer when it is there.
   *
   * @returns nothing for a request that is to run
   * @throws GatewayError 401 for a bad key, 429 for one that is at its limits, idempotency_conflict,
   * idempotency_in_flight, or what became of the answer
   */
  async earlier(request: KeyedRequest, once: OnceKey): Promise<Earlier | undefined> {
    const { accountId } = await this.keys.authenticate(request);
    const { key, isStreamed } = once;
    const record = await this.matching(accountId, once);
    if (record?.answer !== 'running' || !this.ends.isAllowed)
      return record && this.ended(accountId, key, record);
    const { responseId } = record;
    if (isStreamed) return { accountId, responseId, answer: this.live(accountId, key, responseId) };
    const ended = await this.ends.of({ accountId, key, responseId });
    return ended && this.ended(accountId, key, ended);
  }

  /** Of a stream that runs in another process, everything comes at its end. */
  private live(accountId: string, key: string, responseId: string): LiveAnswer {
    const here = this.running.find(responseId)?.live();
    if (here) return here;
    const end = async (): Promise<string> => {
      const record = await this.ends.of({ accountId, key, responseId });
      if (!record) throw inFlight();
      const { answer } = this.ended(accountId, key, record);
      if (answer.kind !== 'stream') throw inFlight();
      return answer.content;
    };
    return { kind: 'live', headers: () => ({}), frames: () => defer(end) };
  }

  /** The same for an account that is known, without waiting for a call that still runs. */
  async earlierOf(accountId: string, once: OnceKey): Promise<KeptEarlier | undefined> {
    const record = await this.matching(accountId, once);
    return record && this.ended(accountId, once.key, record);
  }

  private async matching(
    accountId: string,
    { key, fingerprint }: OnceKey,
  ): Promise<IdempotencyRecord | undefined> {
    const record = await this.recordOf(accountId, key);
    if (record && !record.fingerprint.equals(fingerprint))
      throw new GatewayError('idempotency_conflict', undefined, { shouldRetry: false });
    return record;
  }

  private ended(accountId: string, key: string, { answer, responseId }: IdempotencyRecord): KeptEarlier {
    if (typeof answer === 'string') throw withoutAnswer(answer, responseId);
    this.count(accountId, key);
    return { accountId, responseId, answer };
  }

  /** @throws GatewayError service_unavailable */
  recordOf(accountId: string, key: string): Promise<IdempotencyRecord | undefined> {
    return findRecord(this.store, accountId, key);
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
