import { Injectable } from '@nestjs/common';
import { Recurs } from '../../base/work/worker.js';
import { UsageSums } from './usage-sums.js';

/** So much usage of the last seconds is summed up by whoever asks for it. */
const EVERY_MS = 10_000;
/** Receipts in one transaction: a fraction of a second. */
const ROUND = 10_000;

/** Any number of replicas may sum up at once: one does it, and the others go on. */
@Injectable()
export class UsageUpkeep {
  constructor(private readonly sums: UsageSums) {}

  @Recurs({ name: 'the sum of usage', every: EVERY_MS, phase: 'upkeep' })
  async sumUp(signal: AbortSignal): Promise<void> {
    // Each round gets further, and the last one gets to the present.
    while (!signal.aborted && (await this.sums.add(ROUND)));
  }
}
