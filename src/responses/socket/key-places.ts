import { GatewayError } from '../../base/errors/gateway-error.js';
import { SumsByPayer } from '../../http/sums-by-payer.js';
import type { Payer } from '../../payments/payer.js';

/** How many sockets of each key are open in this process, and how many may be. */
export class KeyPlaces {
  private readonly taken = new SumsByPayer();

  constructor(private readonly perKey: number) {}

  /** @throws GatewayError concurrency_limit_exceeded */
  refuseWhenFull(payer: Payer): void {
    if (this.taken.of(payer) >= this.perKey)
      throw new GatewayError(
        'concurrency_limit_exceeded',
        `At most ${this.perKey} WebSockets of one key can be open. Close one, or run several responses on it by their \`stream_id\`.`,
      );
  }

  take(payer: Payer): void {
    this.taken.add(payer, 1);
  }

  giveBack(payer: Payer): void {
    this.taken.add(payer, -1);
  }
}
