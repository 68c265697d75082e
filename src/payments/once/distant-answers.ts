import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { defer, finalize, ReplaySubject, share, type Observable } from 'rxjs';
import { LivesIn, type Worker } from '../../base/work/worker.js';
import { fromPull } from '../../streaming/from-pull.js';
import type { HeaderFields } from '../../streaming/presenter.js';
import { PaymentSettings } from '../settings.js';
import { AnswerFrames, type SharedFrames } from './answer-frames.js';
import { findRecord } from './find-record.js';
import { IdempotencyStore } from './idempotency-store.js';
import { inFlight, keptAnswerOf } from './kept-answer-of.js';
import type { LiveAnswer } from './running-answers.js';

/** How long a watch lasts, and how old it gets before it is renewed. */
const WATCH_MS = 10_000;
const RENEW_AFTER_MS = 3_000;
/** Pauses between two looks that find nothing new; they grow until something comes. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;

interface Wait {
  readonly accountId: string;
  readonly key: string;
  readonly responseId: string;
}

interface Followed {
  readonly frames: Observable<string>;
  /** As soon as anything is known of the answer. */
  headers: HeaderFields;
}

/**
 * Streams that run in other processes: what they have shown so far, what comes, and the rest of the kept answer at their
 * end. All who follow one stream share its looks, and what they found.
 */
@Injectable()
@LivesIn('intake')
export class DistantAnswers implements Worker {
  private readonly followed = new Map<string, Followed>();
  private readonly closed = new AbortController();

  constructor(
    private readonly store: IdempotencyStore,
    private readonly frames: AnswerFrames,
    private readonly settings: PaymentSettings,
  ) {}

  of(wait: Wait): LiveAnswer {
    const name = JSON.stringify([wait.accountId, wait.key, wait.responseId]);
    return {
      kind: 'live',
      headers: () => this.followed.get(name)?.headers ?? {},
      frames: () => defer(() => (this.followed.get(name) ?? this.follow(name, wait)).frames),
    };
  }

  /** The process ends: nobody waits any more. */
  stop(): void {
    this.closed.abort();
  }

  private follow(name: string, wait: Wait): Followed {
    const followed: Followed = {
      headers: {},
      frames: fromPull((signal) => this.read(wait, followed, signal), ALWAYS_READY).pipe(
        finalize(() => {
          if (this.followed.get(name) !== followed) return;
          this.followed.delete(name);
          // A watch that is left behind ends by itself.
          this.frames.unwatch(wait.responseId).catch(() => undefined);
        }),
        share({ connector: () => new ReplaySubject() }),
      ),
    };
    this.followed.set(name, followed);
    return followed;
  }

  /** @throws GatewayError service_unavailable, idempotency_in_flight, or what became of the answer */
  private async *read(
    { accountId, key, responseId }: Wait,
    followed: Followed,
    left: AbortSignal,
  ): AsyncGenerator<readonly string[]> {
    const signal = AbortSignal.any([left, this.closed.signal]);
    let length = 0;
    let pauseMs = FIRST_PAUSE_MS;
    let watchedAt = -Infinity;
    for (let heardAt = performance.now(); !left.aborted; await pause(pauseMs, signal)) {
      if (performance.now() - watchedAt > RENEW_AFTER_MS) {
        // Without a watch everything comes at the end.
        await this.frames.watch(responseId, WATCH_MS).catch(() => undefined);
        watchedAt = performance.now();
      }
      const parts = await this.frames.after(accountId, responseId, length).catch(() => []);
      const text = continued(parts, length);
      if (text !== '') {
        followed.headers = parts[0]?.headers ?? {};
        length += text.length;
        heardAt = performance.now();
        pauseMs = FIRST_PAUSE_MS;
        yield [text];
        continue;
      }
      const record = await findRecord(this.store, accountId, key);
      // After a call that cost nothing, another one may have the key.
      if (!record || (length > 0 && record.responseId !== responseId)) throw inFlight();
      if (record.answer !== 'running') {
        const { kind, headers, content } = keptAnswerOf(record);
        if (kind !== 'stream') throw inFlight();
        followed.headers = headers;
        yield [content.slice(length)];
        return;
      }
      const waitedMs = performance.now() - heardAt;
      if (waitedMs >= this.settings.idempotencyWaitMs || this.closed.signal.aborted) throw inFlight();
      pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS, this.settings.idempotencyWaitMs - waitedMs);
    }
  }
}

const ALWAYS_READY = { ready: () => undefined };

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal }).catch(() => undefined);
}

/** What follows on so many characters, up to the first gap. */
function continued(parts: readonly SharedFrames[], length: number): string {
  let text = '';
  for (const { start, frames } of parts) {
    const known = length + text.length;
    if (start > known) break;
    text += frames.slice(known - start);
  }
  return text;
}
