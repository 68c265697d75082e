import type { Outcome } from '../../payments/outcome.js';
import type { TextEvent } from '../../text/text-event.js';
import type { BodyPresenter, HeaderFields } from '../../streaming/presenter.js';
import type { CompactionItem } from '../domain/item.js';
import { responseUsage } from '../domain/response-usage.js';
import type { ResponseUsage } from '../domain/response.js';
import type { CompactionCommand } from './compaction.service.js';

/** One `response.compaction`. A failure is thrown: an answer has one status. */
export class CompactionPresenter implements BodyPresenter<Outcome<TextEvent>> {
  private summary = '';
  private usage: ResponseUsage | undefined;
  /** Sealed once, so that the body is the same each time. */
  private written: CompactionItem | undefined;

  constructor(private readonly command: CompactionCommand) {}

  add(item: Outcome<TextEvent>): void {
    if ('failure' in item) throw item.failure;
    if (!('event' in item)) return;
    const { event } = item;
    if (event.type === 'text' && event.choice === 0) this.summary += event.text;
    if (event.type === 'usage') this.usage = responseUsage(event);
  }

  headers(): HeaderFields {
    return {};
  }

  body(): string {
    const { call, kept, write } = this.command;
    this.written ??= write(this.summary);
    const output = [...kept, this.written];
    return JSON.stringify({
      id: call.responseId,
      object: 'response.compaction',
      created_at: call.createdSeconds,
      output,
      usage: this.usage,
    });
  }
}
