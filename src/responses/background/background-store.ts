import type { RecordEvent } from '../../payments/call-record.js';
import type { HoldGrant } from '../../payments/ledger.js';
import type { PendingResponse } from './pending-response.js';

/** A background response whose process died before it ended. */
export interface Adoptable {
  readonly responseId: string;
  readonly holdId: string;
  /** Whether it was started before; it is started a second time at most. */
  readonly wasStarted: boolean;
  readonly pending: PendingResponse;
}

/** The queue of background responses and the log of their events. */
export abstract class BackgroundStore {
  /** The run has begun. Safe to repeat. */
  abstract markStarted(responseId: string): Promise<void>;
  /** Safe to repeat with the same events. */
  abstract appendEvents(responseId: string, events: readonly RecordEvent[]): Promise<void>;
  /** At most `limit` logged events after this number, in order. */
  abstract eventsAfter(
    accountId: string,
    responseId: string,
    sequenceNumber: number,
    limit: number,
  ): Promise<readonly RecordEvent[]>;
  /** At most `limit` responses that nobody runs, and that somebody else may run. */
  abstract adoptable(limit: number): Promise<readonly Adoptable[]>;
  /** Takes hold and record over. @returns nothing when another process was faster. */
  abstract adopt(adoptable: Adoptable): Promise<HoldGrant | undefined>;
  /** It cannot be run any more: from now on it counts as left behind. */
  abstract giveUp(responseId: string): Promise<void>;
}
