import { GatewayError } from '../../base/errors/gateway-error.js';

/** How many sockets of each key are open in this process, and how many may be. */
export class KeyPlaces {
  private readonly taken = new Map<string, number>();

  constructor(private readonly perKey: number) {}

  /** @throws GatewayError concurrency_limit_exceeded */
  refuseWhenFull(keyHash: Buffer): void {
    if ((this.taken.get(nameOf(keyHash)) ?? 0) >= this.perKey)
      throw new GatewayError(
        'concurrency_limit_exceeded',
        `At most ${this.perKey} WebSockets of one key can be open. Close one, or run several responses on it by their \`stream_id\`.`,
      );
  }

  take(keyHash: Buffer): void {
    const name = nameOf(keyHash);
    this.taken.set(name, (this.taken.get(name) ?? 0) + 1);
  }

  giveBack(keyHash: Buffer): void {
    const name = nameOf(keyHash);
    const left = (this.taken.get(name) ?? 0) - 1;
    if (left > 0) this.taken.set(name, left);
    else this.taken.delete(name);
  }
}

function nameOf(keyHash: Buffer): string {
  return keyHash.toString('base64');
}
