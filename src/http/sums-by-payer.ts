import type { Payer } from '../payments/payer.js';

/** A number for each payer; the number 0 takes no memory. */
export class SumsByPayer {
  private readonly sums = new Map<string, number>();

  of({ id }: Payer): number {
    return this.sums.get(id) ?? 0;
  }

  add({ id }: Payer, amount: number): void {
    const sum = (this.sums.get(id) ?? 0) + amount;
    if (sum > 0) this.sums.set(id, sum);
    else this.sums.delete(id);
  }
}
