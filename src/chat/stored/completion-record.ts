import type { GatewayError } from '../../base/errors/gateway-error.js';
import type { ResponseRecord } from '../../providers/calls/response-records.js';
import type { JsonObject } from '../../base/json.js';
import type { CallRecord, Ending, RecordEnd, RecordStart } from '../../payments/call-record.js';
import type { Measurement } from '../../base/money/meter.js';
import type { TextEvent } from '../../text/text-event.js';
import { Completion, type CompletionHead } from '../domain/completion.js';
import type { Metadata } from './chat-completion-store.js';

/** Keeps a chat call twice in one record: as the completion that its client got, and as a Response. */
export class CompletionRecord implements CallRecord {
  private readonly completion: Completion;

  constructor(
    head: CompletionHead,
    private readonly body: JsonObject,
    private readonly response: ResponseRecord,
  ) {
    this.completion = new Completion(head);
  }

  readonly observe = (event: TextEvent): void => {
    this.completion.add(event);
    this.response.observe(event);
  };

  start(): RecordStart | undefined {
    return this.response.start();
  }

  /** Only a call that completed is kept as a completion; a call that was cut off is kept as a Response alone. */
  end(ending: Ending, measurement: Measurement | undefined): RecordEnd | undefined {
    const end = this.response.end(ending, measurement);
    if (!end || ending.status !== 'completed') return end;
    const { messages, metadata } = this.body;
    const json = JSON.stringify({ completion: this.completion.toJson(), messages });
    return { ...end, chat: { json, metadata: Object.entries((metadata ?? {}) as Metadata) } };
  }

  endWithout(error: GatewayError): RecordEnd | undefined {
    return this.response.endWithout(error);
  }
}
