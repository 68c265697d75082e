import type { Measurement, Meter } from '../base/money/meter.js';
import { NO_USAGE } from '../base/money/usage.js';
import type { EmbeddingEvent } from '../providers/embedding/embedding-event.js';

/** Meters one request for embeddings: the upstream's own count if it gives one, else the gateway's count. */
export class EmbeddingMeter implements Meter {
  sent = false;
  produced = false;
  provider: string | undefined;
  private reported: Measurement | undefined;

  /**
   * @param roughTokens a rough count of the input
   * @param upstreamModel the model that is expected to answer
   * @param count called only when the gateway has to count the input
   */
  constructor(
    private readonly roughTokens: number,
    private upstreamModel: string,
    private readonly count: (upstreamModel: string) => Promise<number>,
  ) {}

  readonly markSent = (): void => {
    this.sent = true;
  };

  readonly observe = (event: EmbeddingEvent): void => {
    switch (event.type) {
      case 'opened':
        this.provider = event.provider;
        this.upstreamModel = event.upstreamModel;
        return;
      case 'embeddings':
        this.produced = true;
        return;
      case 'usage':
        this.reported = measurement(event.inputTokens, event.estimated ?? false);
    }
  };

  get hasReport(): boolean {
    return this.reported !== undefined;
  }

  progress(): { inputTokens: number; outputTokens: number } {
    return { inputTokens: this.reported?.usage.inputTokens ?? this.roughTokens, outputTokens: 0 };
  }

  async measure(): Promise<Measurement> {
    return this.reported ?? measurement(await this.count(this.upstreamModel), true);
  }
}

function measurement(inputTokens: number, estimated: boolean): Measurement {
  return { usage: { ...NO_USAGE, inputTokens }, estimated };
}
