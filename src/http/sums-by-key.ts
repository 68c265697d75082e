/** A number for each API key; a key whose number is 0 takes no room. */
export class SumsByKey {
  private readonly sums = new Map<string, number>();

  of(keyHash: Buffer): number {
    return this.sums.get(nameOf(keyHash)) ?? 0;
  }

  add(keyHash: Buffer, amount: number): void {
    const name = nameOf(keyHash);
    const sum = (this.sums.get(name) ?? 0) + amount;
    if (sum > 0) this.sums.set(name, sum);
    else this.sums.delete(name);
  }
}

function nameOf(keyHash: Buffer): string {
  return keyHash.toString('base64');
}
