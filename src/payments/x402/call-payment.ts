import { Logger } from '@nestjs/common';
import {
  concat,
  concatMap,
  defer,
  EMPTY,
  from,
  mergeMap,
  noop,
  of,
  type Observable,
  type Subscriber,
} from 'rxjs';
import { GatewayError } from '../../base/errors/gateway-error.js';
import type { Receipt } from '../../base/money/receipt.js';
import { ledgerUnavailable } from '../charge-failures.js';
import type { ChargedWork } from '../charged-work.js';
import type { SettledPayment } from '../ledger.js';
import type { Outcome } from '../outcome.js';
import type { AgreedPayment } from './agreed-payment.js';
import type { StoredPayment } from './payment.js';
import { unknownOutcome } from './repeated-payments.js';
import type { Settlements } from './settlements.js';

const logger = new Logger('CallPayment');

/** A call ends this long before its payment's signature expires, so that what it has used can still be settled. */
const TO_SETTLE_MS = 30_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What a client is told of its payment. */
export interface Paid {
  /** The value of `PAYMENT-RESPONSE`, once the outcome is known. */
  readonly header?: string;
  /** The receipt, if it was changed. */
  readonly receipt?: Receipt | undefined;
  /** Why it was not paid, or that this is not known yet. */
  readonly failure?: GatewayError;
}

/** The payment of one running call. */
export class CallPayment {
  /** Nothing of the answer is shown or kept before more is known of its payment. */
  withholds = false;
  private prepaid: StoredPayment | undefined;
  private deadline: NodeJS.Timeout | undefined;

  constructor(
    private readonly agreed: AgreedPayment,
    private readonly settlements: Settlements,
  ) {}

  /** For the receipt. */
  get settled(): SettledPayment {
    const { scheme, authorised } = this.agreed.claim.payment;
    return { scheme, authorised, transactionHash: this.prepaid?.transactionHash };
  }

  endInTime(end: (error: GatewayError) => void): void {
    const leftMs = this.agreed.claim.payment.validUntilMs - TO_SETTLE_MS - Date.now();
    const late = (): void => end(new GatewayError('upstream_timeout'));
    this.deadline = setTimeout(late, Math.min(leftMs, LONGEST_TIMER_MS));
  }

  ended(): void {
    clearTimeout(this.deadline);
  }

  /**
   * An `exact` stream: the agreed amount moves when the model's first token is there, before any event is shown. What
   * comes before that token, which is little, waits.
   */
  before<Event>(
    events: Observable<Event>,
    { streamed, demand, meter }: Pick<ChargedWork<Event>, 'streamed' | 'demand' | 'meter'>,
    client: Subscriber<Outcome<Event>>,
  ): Observable<Event> {
    if (!streamed || this.agreed.claim.payment.scheme !== 'exact') return events;
    let waiting: Event[] | undefined = [];
    this.withholds = true;
    const paid = (): Observable<Event> => {
      const shown = waiting ?? [];
      waiting = undefined;
      const paying = this.prepay(client);
      demand?.hold(paying.then(noop, noop));
      return from(paying).pipe(mergeMap(() => shown));
    };
    const inTurn = events.pipe(
      concatMap((event) => {
        if (!waiting) return of(event);
        waiting.push(event);
        return meter.produced ? paid() : EMPTY;
      }),
    );
    return concat(
      inTurn,
      defer(() => (waiting ? paid() : EMPTY)),
    );
  }

  /** To be called when the hold has ended. */
  async collect(holdId: string): Promise<Paid> {
    try {
      const collected = await this.settlements.collect(holdId);
      if (!collected) return {};
      return { ...(await this.told(collected.payment)), receipt: collected.receipt };
    } catch (failure) {
      logger.warn({ msg: 'a payment is concluded later', holdId, err: failure });
      return { failure: unknownOutcome() };
    }
  }

  /** A call whose payment is not known to have moved runs on, and its answer is kept until that is known. */
  private async prepay<Event>(client: Subscriber<Outcome<Event>>): Promise<void> {
    const payment = await this.settlements.prepay(this.agreed.claim).catch((failure: unknown) => {
      throw ledgerUnavailable(failure);
    });
    this.prepaid = payment;
    const { header, failure } = await this.told(payment);
    this.withholds = payment.state !== 'due' && header === undefined;
    if (header !== undefined) client.next({ paid: header });
    else if (failure && payment.state === 'due') client.next({ unsettled: failure });
    else if (failure) throw failure;
  }

  private async told(payment: StoredPayment): Promise<Paid> {
    if (payment.state === 'due') return { failure: unknownOutcome() };
    if (payment.state === 'failed')
      return { failure: await this.agreed.refused(payment.failure ?? 'invalid_transaction_state', payment) };
    return { header: await this.agreed.response(payment) };
  }
}
