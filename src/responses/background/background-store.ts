import type { RecordEvent } from '../../payments/call-record.js';
import type { HoldGrant } from '../../payments/ledger.js';
import type { PendingResponse } from './pending-response.js';

/** A background response whose process died before it ended. */
export interface Adoptable {
  readonly responseId: string;
  readonly holdId: string;
  /** Whether it was started before; a response is started at most twice. */
  readonly wasStarted: boolean;
  readonly pending: PendingResponse;
}

/** The queue of background responses and the log of their events. */
export abstract class BackgroundStore {
  /** Records that the run has begun. Safe to repeat. */
  abstract markStarted(responseId: string): Promise<void>;
  /** Of a response that this process runs; of others, and of those that have ended, none is kept. Safe to repeat. */
  abstract appendEvents(responseId: string, events: readonly RecordEvent[]): Promise<void>;
  /** At most `limit` logged events after this number, in order. */
  abstract eventsAfter(
    accountId: string,
    responseId: string,
    sequenceNumber: number,
    limit: number,
  ): Promise<readonly RecordEvent[]>;
  /** At most `limit` responses that no process runs and that another process may run. */
  abstract adoptable(limit: number): Promise<readonly Adoptable[]>;
  /**
   * Takes over the hold and the record.
   * @param isRepeated the answer to the last try was lost: if that one was executed, this one confirms it
   * @returns undefined when another process was faster.
   */
  abstract adopt(adoptable: Adoptable, isRepeated: boolean): Promise<HoldGrant | undefined>;
  /** Marks a response that cannot be run any more: from then on it counts as left behind. */
  abstract giveUp(responseId: string): Promise<void>;
}
