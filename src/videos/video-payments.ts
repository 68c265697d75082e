import { Injectable } from '@nestjs/common';
import { ledgerUnavailable } from '../payments/charge-failures.js';
import type { AgreedPayment } from '../payments/x402/agreed-payment.js';
import { unknownOutcome } from '../payments/x402/repeated-payments.js';
import { Settlements } from '../payments/x402/settlements.js';
import type { HeaderFields } from '../streaming/presenter.js';
import { VideoEndings } from './video-endings.js';

/** Moves what a wallet pays for a video, as soon as its upstream has accepted it. */
@Injectable()
export class VideoPayments {
  constructor(
    private readonly settlements: Settlements,
    private readonly endings: VideoEndings,
  ) {}

  /**
   * A video whose payment is not known to have moved goes on; one whose payment has failed ends.
   * @returns headers of the answer
   * @throws GatewayError the payment's refusal; service_unavailable while its outcome is unknown
   */
  async pay(id: string, agreed: AgreedPayment): Promise<HeaderFields> {
    const payment = await this.settlements.prepay(agreed.claim).catch((failure: unknown) => {
      throw ledgerUnavailable(failure);
    });
    if (payment.state === 'due') throw unknownOutcome();
    if (payment.state === 'failed') {
      await this.endings.fail(id, { code: 'payment_failed', message: 'The payment for this video failed.' });
      throw await agreed.refused(payment.failure ?? 'invalid_transaction_state', payment);
    }
    return { 'PAYMENT-RESPONSE': await agreed.response(payment) };
  }
}
