import type { JsonObject } from '../../base/json.js';
import type { Outcome } from '../../payments/outcome.js';
import type { TextCall } from '../../providers/calls/text-calls.js';
import type { BodyPresenter, HeaderFields } from '../../streaming/presenter.js';
import type { CompactionItem } from '../domain/item.js';
import { responseUsage } from '../domain/response-usage.js';
import type { ResponseUsage } from '../domain/response.js';
import type { CompactionEvent } from './compaction.service.js';

/** One `response.compaction`. A failure is thrown: an answer has one status. */
export class CompactionPresenter implements BodyPresenter<Outcome<CompactionEvent>> {
  private usage: ResponseUsage | undefined;
  private written: CompactionItem | undefined;

  /** @param kept the user's messages, which stay as they are */
  constructor(
    private readonly call: Pick<TextCall, 'responseId' | 'createdSeconds'>,
    private readonly kept: readonly JsonObject[],
  ) {}

  add(item: Outcome<CompactionEvent>): void {
    if ('failure' in item) throw item.failure;
    if (!('event' in item)) return;
    const { event } = item;
    if (event.type === 'compacted') this.written = event.item;
    if (event.type === 'usage') this.usage = responseUsage(event);
  }

  headers(): HeaderFields {
    return {};
  }

  body(): string {
    const { call, kept, written } = this;
    const output = written ? [...kept, written] : kept;
    return JSON.stringify({
      id: call.responseId,
      object: 'response.compaction',
      created_at: call.createdSeconds,
      output,
      usage: this.usage,
    });
  }
}
