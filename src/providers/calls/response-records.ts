import type { JsonObject } from '../../base/json.js';
import type { CallRecord } from '../../payments/call-record.js';
import type { TextEvent } from '../../text/text-event.js';
import type { TextCall } from './text-calls.js';

/** A chat call while it is being stored as a Response. */
export interface ResponseRecord extends CallRecord {
  /** Called once, when the call begins. The signal is aborted to end the call although its client stays. */
  running(): AbortSignal;
  observe(event: TextEvent): void;
  /** The call has ended, however it did. */
  done(): void;
}

/** Stores chat calls where Responses are stored, so that they are read and continued like one. */
export abstract class ResponseRecords {
  /** @param chat a chat-completions body that was checked for shape */
  abstract recordOf(call: TextCall, chat: JsonObject): ResponseRecord;
}
