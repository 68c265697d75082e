import { Injectable, Logger } from '@nestjs/common';
import { tap } from 'rxjs';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { KeyAuthenticator } from '../keys/key-authenticator.js';
import type { KeyedRequest } from '../keys/keyed-request.js';
import type { Earlier, KeptEarlier } from './earlier.js';
import { AwaitedEnds } from './awaited-ends.js';
import { DistantAnswers } from './distant-answers.js';
import { findRecord } from './find-record.js';
import { keptAnswerOf } from './kept-answer-of.js';
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
    private readonly distant: DistantAnswers,
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
    // The twin's may be gone, and another request have taken its key meanwhile.
    return ended && this.ended(accountId, key, ofSame(ended, once));
  }

  private live(accountId: string, key: string, responseId: string): LiveAnswer {
    const here = this.running.find(responseId)?.live();
    if (here) return here;
    const { headers, frames } = this.distant.of({ accountId, key, responseId });
    const counted = tap<string>({ complete: () => this.count(accountId, key) });
    return { kind: 'live', headers, frames: () => frames().pipe(counted) };
  }

  /** The same for an account that is known, without waiting for a call that still runs. */
  async earlierOf(accountId: string, once: OnceKey): Promise<KeptEarlier | undefined> {
    const record = await this.matching(accountId, once);
    return record && this.ended(accountId, once.key, record);
  }

  private async matching(accountId: string, once: OnceKey): Promise<IdempotencyRecord | undefined> {
    const record = await this.recordOf(accountId, once.key);
    return record && ofSame(record, once);
  }

  private ended(accountId: string, key: string, record: IdempotencyRecord): KeptEarlier {
    const answer = keptAnswerOf(record);
    this.count(accountId, key);
    return { accountId, responseId: record.responseId, answer };
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

/** @throws GatewayError idempotency_conflict for the record of another request */
function ofSame(record: IdempotencyRecord, { fingerprint }: OnceKey): IdempotencyRecord {
  if (record.fingerprint.equals(fingerprint)) return record;
  throw new GatewayError('idempotency_conflict', undefined, { shouldRetry: false });
}
