import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { RecordEvent } from '../../payments/call-record.js';
import type { Receipt } from '../../base/money/receipt.js';
import type { Demand } from '../../streaming/demand.js';
import { fromPull } from '../../streaming/from-pull.js';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { SharedLooks } from '../../base/work/shared-looks.js';
import { TERMINAL_EVENTS } from '../domain/ending.js';
import { terminalAfter } from '../domain/replay.js';
import { ownCodeOf } from '../domain/response-error.js';
import { isTerminal } from '../domain/status.js';
import { ResponseStore, type StoredResponse } from '../response-store.js';
import { BackgroundStore } from './background-store.js';
import { LogBell } from './log-bell.js';

/** An event of the log; its JSON text is shown unchanged. */
export interface LoggedEvent extends RecordEvent {
  readonly isTerminal: boolean;
}

/** What a follower learns about the end of a response besides its events. */
export type Ended = { readonly failure: GatewayError } | { readonly receipt: Receipt };
export type Followed = { readonly event: LoggedEvent } | Ended;

/** Events that one query reads. */
const READ_EVENTS = 500;
/**
 * How long a failed look is repeated: the run survives such an outage, and a client that gets an error may start a
 * second run, for which it pays too.
 */
const PATIENCE_MS = 10_000;
/** Pauses between two looks at a log without new events; they grow until an event comes. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;

const TERMINAL: ReadonlySet<string> = new Set(Object.values(TERMINAL_EVENTS));

/** Replays a background stream from its log and goes on with the events that any process adds. */
@Injectable()
export class FollowResponses {
  private readonly looks = new SharedLooks();

  constructor(
    private readonly log: BackgroundStore,
    private readonly store: ResponseStore,
    private readonly bell: LogBell,
  ) {}

  /** Cold. Ends with the failure and the receipt, if any, and the terminal event; without them after a deletion. */
  follow(accountId: string, id: string, startingAfter: number, demand: Demand): Observable<Followed> {
    return fromPull((signal) => this.read(accountId, id, startingAfter, signal), demand);
  }

  private async *read(
    accountId: string,
    id: string,
    startingAfter: number,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Followed[]> {
    let known = startingAfter;
    let pauseMs = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      const from = known;
      const events = await this.eventsAfter(accountId, id, from, READ_EVENTS, signal);
      const last = events.at(-1);
      if (last) {
        known = last.sequenceNumber;
        pauseMs = FIRST_PAUSE_MS;
        const isOver = TERMINAL.has(last.type);
        const shown = events.map((event) => ({ event }));
        if (!isOver) {
          yield shown;
          continue;
        }
        const stored = await this.stored(accountId, id, signal);
        yield [...shown.slice(0, -1), ...(stored ? endOf(stored) : []), ...shown.slice(-1)];
        return;
      }
      const status = await this.together(
        `status ${accountId} ${id}`,
        () => this.store.status(accountId, id),
        signal,
      );
      if (!status) return;
      // The end is written together with the last events: the next look finds them, or there are none.
      if (isTerminal(status)) {
        const rest = await this.eventsAfter(accountId, id, from, 1, signal);
        if (rest.length === 0) {
          yield await this.endBehind(accountId, id, from, signal);
          return;
        }
      }
      await this.bell.wait(id, pauseMs, signal);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }

  /**
   * The end for a client that named a number beyond the log. Nothing for one that has the last event, which is the end.
   */
  private async endBehind(
    accountId: string,
    id: string,
    sequenceNumber: number,
    signal: AbortSignal,
  ): Promise<readonly Followed[]> {
    const last = await this.eventsAfter(accountId, id, sequenceNumber - 1, 1, signal);
    if (last.length > 0) return [];
    const stored = await this.stored(accountId, id, signal);
    if (!stored) return [];
    const terminal = terminalAfter(stored.object, sequenceNumber);
    const { type, sequence_number } = terminal;
    const event = { sequenceNumber: sequence_number, type, json: JSON.stringify(terminal), isTerminal: true };
    return [...endOf(stored), { event }];
  }

  private eventsAfter(
    accountId: string,
    id: string,
    sequenceNumber: number,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly LoggedEvent[]> {
    const look = async (): Promise<readonly LoggedEvent[]> => {
      const events = await this.log.eventsAfter(accountId, id, sequenceNumber, limit);
      return events.map((event) => ({ ...event, isTerminal: TERMINAL.has(event.type) }));
    };
    return this.together(`${limit} events ${accountId} ${id} ${sequenceNumber}`, look, signal);
  }

  private stored(accountId: string, id: string, signal: AbortSignal): Promise<StoredResponse | undefined> {
    return this.together(`response ${accountId} ${id}`, () => this.store.find(accountId, id), signal);
  }

  /** A thousand followers of one response are woken together, and cost the database what one costs. */
  private together<Found>(question: string, look: () => Promise<Found>, signal: AbortSignal): Promise<Found> {
    return patiently(() => this.looks.share(`${this.bell.rings} ${question}`, look), signal);
  }
}

/** @throws GatewayError service_unavailable */
async function patiently<Found>(look: () => Promise<Found>, signal: AbortSignal): Promise<Found> {
  const startedAt = Date.now();
  for (let waitMs = FIRST_PAUSE_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return await look();
    } catch (cause) {
      if (signal.aborted || Date.now() + waitMs - startedAt > PATIENCE_MS)
        throw new GatewayError('service_unavailable', undefined, { retryAfterSeconds: 5, cause });
      await sleep(waitMs);
    }
  }
}

export function endOf({ object: { error }, receipt }: StoredResponse): readonly Ended[] {
  return [
    ...(error ? [{ failure: new GatewayError(ownCodeOf(error.code), error.message) }] : []),
    ...(receipt ? [{ receipt }] : []),
  ];
}
