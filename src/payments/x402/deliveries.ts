import type { ServerResponse } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import { PaymentStore } from './payment-store.js';

/** Notes which paid answers have been sent whole: until then the same request is not bought again. */
@Injectable()
export class Deliveries {
  private readonly logger = new Logger(Deliveries.name);
  private readonly underWay = new Set<Promise<void>>();

  constructor(private readonly store: PaymentStore) {}

  /** To be called before the answer begins. */
  watch(response: ServerResponse, paymentId: string): void {
    response.once('finish', () => {
      if (response.statusCode >= 300) return;
      const written = this.store.delivered(paymentId).catch((failure: unknown) => {
        this.logger.warn({ msg: 'the delivery of a paid answer was not noted', paymentId, err: failure });
      });
      this.underWay.add(written);
      void written.finally(() => this.underWay.delete(written));
    });
  }

  /** Resolves when the deliveries of this process have been written: a client that has its answer may ask again. */
  async written(): Promise<void> {
    if (this.underWay.size > 0) await Promise.all(this.underWay);
  }
}
