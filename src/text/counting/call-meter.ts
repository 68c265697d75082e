import { addUsage, NO_USAGE } from '../../base/money/usage.js';
import type { Measurement, Meter } from '../../base/money/meter.js';
import type { TextMeter } from './text-meter.js';

interface MeteredRequest {
  readonly meter: TextMeter;
  readonly isShown: boolean;
}

/** Meters one paid call, however often it asks its model. */
export class CallMeter implements Meter {
  private readonly requests: MeteredRequest[] = [];

  /** @param inputTokens a rough count of the first request's input */
  constructor(private readonly inputTokens: number) {}

  /** @param isShown whether the client sees the model's output as it comes */
  add(meter: TextMeter, isShown: boolean): void {
    this.requests.push({ meter, isShown });
  }

  get sent(): boolean {
    return this.requests.some(({ meter }) => meter.sent);
  }

  /** The output of a request that is not shown itself has been shown by the time of the next request. */
  get produced(): boolean {
    return this.requests.some(
      ({ meter, isShown }, index) => meter.produced && (isShown || index < this.requests.length - 1),
    );
  }

  get provider(): string | undefined {
    return this.requests.findLast(({ meter }) => meter.provider !== undefined)?.meter.provider;
  }

  /** The reported usage of all requests but the last one; undefined for the first one. */
  get earlier(): Measurement | undefined {
    const earlier = this.requests.slice(0, -1).flatMap(({ meter }) => meter.report ?? []);
    return earlier.length === 0 ? undefined : joined(earlier);
  }

  progress(): { inputTokens: number; outputTokens: number } {
    if (this.requests.length === 0) return { inputTokens: this.inputTokens, outputTokens: 0 };
    const progress = this.requests.map(({ meter }) => meter.progress());
    return {
      inputTokens: progress.reduce((tokens, { inputTokens }) => tokens + inputTokens, 0),
      outputTokens: progress.reduce((tokens, { outputTokens }) => tokens + outputTokens, 0),
    };
  }

  async measure(): Promise<Measurement> {
    return joined(await Promise.all(this.requests.map(({ meter }) => meter.measure())));
  }
}

function joined(measured: readonly Measurement[]): Measurement {
  const [first] = measured;
  if (first && measured.length === 1) return { ...first, requests: [first.usage] };
  const requests = measured.map(({ usage }) => usage);
  return {
    usage: requests.reduce(addUsage, NO_USAGE),
    requests,
    estimated: measured.some(({ estimated }) => estimated),
  };
}
