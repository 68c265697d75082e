import type { GatewayError } from '../../base/errors/gateway-error.js';
import { type Outcome } from '../../payments/outcome.js';
import { type TextEvent } from '../../text/text-event.js';
import { openAi } from '../../streaming/openai-wire.js';
import { type HeaderFields, type StreamPresenter } from '../../streaming/presenter.js';
import { type CompletionHead } from '../domain/completion.js';
import { usageJson } from '../domain/usage-json.js';
import { ChunkWriter } from './chunk-writer.js';
import { DeltaWriter } from './delta-writer.js';

export interface ChatStreamOptions extends CompletionHead {
  /** `stream_options.include_usage`: a usage chunk at the end, and `usage: null` in every other. */
  readonly includeUsage: boolean;
  /** Adds the usage chunk even when the request did not ask for it; then the others have no `usage: null`. */
  readonly alwaysUsage?: boolean;
}

type UsageEvent = Extract<TextEvent, { type: 'usage' }>;

/** Chat chunks in OpenAI's shape and nothing else; the usage is held back until everything else has been shown. */
export class ExternalStreamPresenter implements StreamPresenter<Outcome<TextEvent>> {
  private readonly chunks: ChunkWriter;
  private readonly deltas: DeltaWriter;
  private readonly showsUsage: boolean;
  private usage: UsageEvent | undefined;
  private hasFailed = false;

  constructor(options: ChatStreamOptions) {
    this.chunks = new ChunkWriter(options, options.includeUsage);
    this.deltas = new DeltaWriter(this.chunks);
    this.showsUsage = options.includeUsage || options.alwaysUsage === true;
  }

  headers(): HeaderFields {
    return {};
  }

  frames(item: Outcome<TextEvent>): string {
    if (this.hasFailed) return '';
    if ('failure' in item) return this.failure(item.failure);
    if (!('event' in item) || item.event.type === 'opened') return '';
    if (item.event.type !== 'usage') return this.deltas.frames(item.event);
    this.usage = item.event;
    return '';
  }

  failure(error: GatewayError): string {
    this.hasFailed = true;
    return openAi.errorFrame(error);
  }

  end(): string {
    if (this.hasFailed || !this.showsUsage || !this.usage) return '';
    return this.chunks.usage(usageJson(this.usage), this.usage.extras);
  }
}
