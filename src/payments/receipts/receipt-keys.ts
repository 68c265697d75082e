import { Injectable, type OnModuleInit } from '@nestjs/common';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { ReceiptKeyStore, type ReceiptKey } from './receipt-key-store.js';
import { ReceiptSigner } from './receipt-signer.js';

/** The keys that receipts are verified with. A process makes its own known before it takes calls. */
@Injectable()
export class ReceiptKeys implements OnModuleInit {
  private reading: Promise<readonly ReceiptKey[]> | undefined;

  constructor(
    private readonly store: ReceiptKeyStore,
    private readonly signer: ReceiptSigner,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.store.add(this.signer.publicKey);
  }

  /** One query at a time, however many clients ask, since anybody may. @throws GatewayError 503 */
  all(): Promise<readonly ReceiptKey[]> {
    this.reading ??= this.store
      .all()
      .catch((cause: unknown) => {
        throw new GatewayError('service_unavailable', undefined, { retryAfterSeconds: 5, cause });
      })
      .finally(() => {
        this.reading = undefined;
      });
    return this.reading;
  }
}
