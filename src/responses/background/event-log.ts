import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { RecordEvent } from '../../payments/call-record.js';
import type { ResponseEvent } from '../domain/response-event.js';
import type { BackgroundStore } from './background-store.js';
import type { LogBell } from './log-bell.js';

const RETRY_MS = 500;

/**
 * Writes the events of a background stream as they come; events that come during a write form the next batch. Events
 * that are not known to be written when the run ends are written with its end.
 */
export class EventLog {
  private readonly logger = new Logger(EventLog.name);
  private unwritten: RecordEvent[] = [];
  private isWriting = false;
  private isOver = false;

  constructor(
    private readonly responseId: string,
    private readonly store: BackgroundStore,
    private readonly bell: LogBell,
  ) {}

  add(events: readonly ResponseEvent[]): void {
    for (const event of events) this.unwritten.push(recordEvent(event));
    if (!this.isWriting && this.unwritten.length > 0) void this.write();
  }

  /** Ends the log. @returns the events that are still to be written. */
  rest(last: readonly ResponseEvent[]): readonly RecordEvent[] {
    this.isOver = true;
    return [...this.unwritten, ...last.map(recordEvent)];
  }

  /** Ends the log without its unwritten events, for an end that replaces them. @returns the last events. */
  restWithout(last: readonly ResponseEvent[]): readonly RecordEvent[] {
    this.isOver = true;
    return last.map(recordEvent);
  }

  private async write(): Promise<void> {
    this.isWriting = true;
    // The events that follow from one upstream event are written together or not at all: any log can be concluded.
    await Promise.resolve();
    while (this.unwritten.length > 0 && !this.isOver) {
      const batch = [...this.unwritten];
      try {
        await this.store.appendEvents(this.responseId, batch);
        this.unwritten.splice(0, batch.length);
        this.bell.ring(this.responseId);
      } catch (failure) {
        this.logger.warn({ msg: 'events were not written yet', responseId: this.responseId, err: failure });
        await sleep(RETRY_MS);
      }
    }
    this.isWriting = false;
  }
}

export function recordEvent(event: ResponseEvent): RecordEvent {
  return { sequenceNumber: event.sequence_number, type: event.type, json: JSON.stringify(event) };
}
