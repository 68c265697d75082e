import type { JsonObject } from '../../base/json.js';
import type { CallRecord } from '../../payments/call-record.js';
import type { Payer } from '../../payments/payer.js';
import type { PromptMessage, PromptTool } from '../../text/prompt.js';
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

/** What a call continues, and what it adds. */
export interface ThreadRequest {
  readonly payer: Payer;
  readonly previousResponseId: string;
  /** A chat-completions body with the new messages, of which there may be none. */
  readonly chat: JsonObject;
}

/** A conversation from the store with what was added. */
export interface Thread {
  readonly messages: readonly PromptMessage[];
  /** The tools of the call that it continues. */
  readonly tools: readonly PromptTool[];
}

/** Stores calls of other APIs where Responses are stored, so that they are read and continued like one. */
export abstract class ResponseRecords {
  /**
   * @param call `responseId` is the id of the stored Response
   * @param chat a chat-completions body that was checked for shape: what the call adds, and its settings
   * @param previousResponseId what it continues
   */
  abstract recordOf(
    call: Pick<TextCall, 'responseId' | 'createdAtMs'>,
    chat: JsonObject,
    previousResponseId?: string,
  ): ResponseRecord;

  /**
   * @throws GatewayError previous_response_not_found, or invalid_value with the param `previous_response_id`, where there
   * is nothing that can be continued; 400 for messages that do not fit it
   */
  abstract threadOf(request: ThreadRequest): Promise<Thread>;
}
