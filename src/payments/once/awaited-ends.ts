import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { SharedLooks } from '../../base/work/shared-looks.js';
import { LivesIn, type Worker } from '../../base/work/worker.js';
import { PaymentSettings } from '../settings.js';
import { findRecord } from './find-record.js';
import { IdempotencyStore, type IdempotencyRecord } from './idempotency-store.js';
import { RunningAnswers } from './running-answers.js';

const FIRST_LOOK_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

interface Wait {
  readonly accountId: string;
  readonly key: string;
  readonly responseId: string;
}

/**
 * Waits for calls that run once, wherever they run: until their record has an answer, or is gone. All who wait for one
 * call share one look at its record.
 */
@Injectable()
@LivesIn('intake')
export class AwaitedEnds implements Worker {
  private readonly looks = new SharedLooks();
  private readonly closed = new AbortController();

  constructor(
    private readonly store: IdempotencyStore,
    private readonly running: RunningAnswers,
    private readonly settings: PaymentSettings,
  ) {}

  /** Whether anybody may wait. */
  get isAllowed(): boolean {
    return this.settings.idempotencyWaitMs > 0 && !this.closed.signal.aborted;
  }

  /**
   * @returns the record as it is at the end, `running` if that has not come in time; undefined when it is gone
   * @throws GatewayError service_unavailable
   */
  of(wait: Wait): Promise<IdempotencyRecord | undefined> {
    return this.looks.share(JSON.stringify([wait.accountId, wait.key]), () => this.wait(wait));
  }

  /** The process ends: nobody waits any more. */
  stop(): void {
    this.closed.abort();
  }

  private async wait({ accountId, key, responseId }: Wait): Promise<IdempotencyRecord | undefined> {
    const deadlineMs = performance.now() + this.settings.idempotencyWaitMs;
    for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)) {
      const record = await findRecord(this.store, accountId, key);
      const leftMs = deadlineMs - performance.now();
      if (record?.answer !== 'running' || leftMs <= 0 || this.closed.signal.aborted) return record;
      const here = this.running.find(responseId)?.whenEnded;
      const woken = new AbortController();
      const signal = AbortSignal.any([this.closed.signal, woken.signal]);
      const pause = sleep(Math.min(pauseMs, leftMs), undefined, { signal }).catch(() => undefined);
      await (here ? Promise.race([here, pause]) : pause);
      woken.abort();
    }
  }
}
