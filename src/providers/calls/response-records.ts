import type { JsonObject } from '../../base/json.js';
import type { CallRecord } from '../../payments/call-record.js';
import type { TextEvent } from '../../text/text-event.js';
import type { TextCall } from './text-calls.js';

/** A chat call while it is being stored as a Response. */
export interface ResponseRecord extends CallRecord {
  /** Asked for once, when the call begins. Aborted when it is to end although its client stays. */
  running(): AbortSignal;
  observe(event: TextEvent): void;
  /** The call has ended, however it did. */
  done(): void;
}

/** Keeps chat calls where Responses are kept, so that they are read and continued like one. */
export abstract class ResponseRecords {
  /** @param chat a chat-completions body that was checked for shape */
  abstract recordOf(call: TextCall, chat: JsonObject): ResponseRecord;
}
