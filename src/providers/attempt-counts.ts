import { Injectable } from '@nestjs/common';
import type { Target } from '../catalog/model.js';
import type { ErrorCode } from '../base/errors/gateway-error.js';

/** Clients may choose the names of models that are passed through. */
const MOST_MODELS = 1_000;
const OTHERS = 'others';

export interface AttemptCount {
  readonly provider: string;
  /** The model's name at the provider. */
  readonly model: string;
  readonly outcome: 'answered' | ErrorCode;
  count: number;
}

/** How this process's attempts at providers for text have ended. */
@Injectable()
export class AttemptCounts {
  private readonly counts = new Map<string, AttemptCount>();
  private readonly models = new Set<string>();

  add({ provider, upstreamModel }: Target, outcome: AttemptCount['outcome']): void {
    const model = this.boundedName(upstreamModel);
    const key = `${provider.id}\0${model}\0${outcome}`;
    const known = this.counts.get(key);
    if (known) known.count += 1;
    else this.counts.set(key, { provider: provider.id, model, outcome, count: 1 });
  }

  all(): readonly AttemptCount[] {
    return [...this.counts.values()];
  }

  private boundedName(model: string): string {
    if (this.models.size >= MOST_MODELS && !this.models.has(model)) return OTHERS;
    this.models.add(model);
    return model;
  }
}
