import { Logger } from '@nestjs/common';
import { defer, Subscription, type Subscriber } from 'rxjs';
import { GatewayError, toGatewayError } from '../base/errors/gateway-error.js';
import { newId } from '../base/ids.js';
import type { Ending } from './call-record.js';
import type { Receipt } from '../base/money/receipt.js';
import type { Holds } from './holds.js';
import { isRefusal, UnwritableError, type HoldGrant, type HoldRefusal } from './ledger.js';
import { holdRequestFor, measured, settlementFor } from './ledger-requests.js';
import type { Outcome } from './outcome.js';
import type { PendingHold } from './key-queue.js';
import type { CallProgress } from './process-leases.js';
import { recordEnds } from './record-ends.js';
import { CallStory } from './call-story.js';
import { CallPayment } from './x402/call-payment.js';
import type { ChargeBooks } from './charge-books.js';
import { AnsweredWithError, cutOffUnpaid, ledgerUnavailable } from './charge-failures.js';
import type { ChargedWork } from './charged-work.js';
import { keepWriting } from './keep-writing.js';
import type { RunningCall, RunningCalls } from './running-calls.js';

const logger = new Logger('ChargedCall');

type Phase = 'holding' | 'running' | 'ending' | 'ended';

/**
 * One paid call: hold, run, then settle or release, exactly once, even if the client leaves or something fails. The
 * subscriber may leave at any moment: the end of the hold is decided here, and the call outlives the request.
 */
export class ChargedCall<Event> implements RunningCall {
  readonly holdId: string;
  placeInBag = 0;
  private phase: Phase = 'holding';
  /** Set when the call has to end while its hold is being taken. */
  private stopped: Ending | undefined;
  private readonly run = new Subscription();
  private grant: HoldGrant | undefined;
  /** The hold that was asked for, until it has been taken or refused. */
  private pending: PendingHold | undefined;

  private readonly holds: Holds;
  private readonly calls: RunningCalls;
  private readonly story: CallStory;
  private readonly payment: CallPayment | undefined;

  constructor(
    private readonly work: ChargedWork<Event>,
    private readonly books: ChargeBooks,
    private readonly subscriber: Subscriber<Outcome<Event>>,
  ) {
    this.holdId = work.adopted?.holdId ?? newId('hold');
    this.holds = books.holds;
    this.calls = books.calls;
    this.story = new CallStory(work, books.moments);
    const { payment } = work.origin;
    this.payment = payment && new CallPayment(payment, books.settling.settlements);
  }

  progress(): CallProgress {
    const { sent } = this.work.meter;
    return { holdId: this.holdId, sent, ...this.work.meter.progress() };
  }

  async begin(): Promise<void> {
    this.calls.add(this);
    this.work.cancelled?.addEventListener('abort', this.cancel);
    try {
      const grant = await this.takeHold();
      if (!grant) return this.end(undefined, () => this.subscriber.complete());
      if (isRefusal(grant))
        return this.refuse(this.cutOffError ?? (await this.holds.refusalOf(grant, this.work.origin)));
      this.grant = grant;
      this.story.held(grant);
      this.work.once?.begun?.(this.work.responseId);
    } catch (failure) {
      // The hold may or may not have been taken. Its call is not among the running calls any more, so the next lease
      // renewal finds the hold as an orphan and releases it.
      return this.refuse(failure instanceof GatewayError ? failure : ledgerUnavailable(failure));
    }
    if (!this.stopped) this.start(this.grant);
    else if (this.work.adopted && this.isMovable) this.letGo();
    else await this.release(this.stopped);
  }

  private refuse(error: GatewayError): void {
    this.work.record?.refused?.();
    this.story.refused(error.code);
    this.end({ status: 'failed', error }, () => this.subscriber.error(error));
  }

  private takeHold(): Promise<HoldGrant | HoldRefusal | undefined> {
    const { adopted, origin } = this.work;
    if (adopted) return adopted.claim();
    this.pending = this.holds.take(origin, holdRequestFor(this.work, this.holdId));
    return this.pending.answer;
  }

  private get cutOffError(): GatewayError | undefined {
    return this.stopped?.status === 'failed' ? this.stopped.error : undefined;
  }

  /** The client left. */
  leave(): void {
    this.stop({ status: 'cancelled' });
  }

  private readonly cancel = (): void => this.stop({ status: 'cancelled' });

  private stop(ending: Ending): void {
    this.stopped ??= ending;
    this.pending?.leave();
    void this.settleOrRelease(this.work.meter.sent, ending);
  }

  /** The process ends, or may no longer own holds. */
  cutOff(): void {
    if (this.phase === 'running' && this.isMovable) return this.letGo();
    const error = this.hasShown ? new GatewayError('server_error') : cutOffUnpaid();
    this.stopped ??= { status: 'failed', error };
    this.pending?.leave();
    void this.fail(error);
  }

  /** Another process may run it when this one cannot any more; nobody has cancelled it. */
  private get isMovable(): boolean {
    return this.work.canMove === true && this.stopped?.status !== 'cancelled';
  }

  /** The hold stays for the process that takes the call over. */
  private letGo(): void {
    this.run.unsubscribe();
    this.calls.letGo(this);
    this.end(undefined, () => this.subscriber.complete());
  }

  private start(grant: HoldGrant): void {
    const { price, generate, once } = this.work;
    this.phase = 'running';
    const loweredOutputCap = price.loweredCap(grant.amount);
    this.subscriber.next({
      admission: {
        budget: grant.budget,
        account: grant.accountId,
        ...(loweredOutputCap === undefined ? {} : { loweredOutputCap }),
      },
    });
    const events = defer(() =>
      generate({
        accountId: grant.accountId,
        loweredOutputCap,
        ...(once && { beforeSending: this.markSent }),
      }),
    );
    this.payment?.endInTime((error) => void this.fail(error));
    this.run.add(
      (this.payment?.before(events, this.work, this.subscriber) ?? events).subscribe({
        next: (event) => {
          this.story.heard();
          this.subscriber.next({ event });
        },
        error: (failure: unknown) => void this.fail(toGatewayError(failure)),
        complete: () => void this.settleOrRelease(true, { status: 'completed' }),
      }),
    );
  }

  private readonly markSent = async (): Promise<void> => {
    const isHeld = await this.holds.markSent(this.holdId).catch((failure: unknown) => {
      throw ledgerUnavailable(failure);
    });
    if (!isHeld) throw cutOffUnpaid();
  };

  /** A failed stream that has shown something is charged for it; any other failed call costs nothing. */
  private fail(error: GatewayError): Promise<void> {
    return this.settleOrRelease(this.hasShown, { status: 'failed', error });
  }

  private get hasShown(): boolean {
    return this.work.streamed && this.work.meter.produced && !this.payment?.withholds;
  }

  /**
   * A client that waits for the whole answer and gets an error has got nothing, and pays nothing. The answer of a
   * call that runs once is kept for the next try, and that of a background call for the client that asks for it.
   */
  private get isFreeUnanswered(): boolean {
    const { streamed, once, background } = this.work;
    return !streamed && !once && !background;
  }

  private async settleOrRelease(charged: boolean, ending: Ending): Promise<void> {
    if (this.phase !== 'running') return;
    this.phase = 'ending';
    this.run.unsubscribe();
    if (!charged) return this.release(ending);
    if (ending.status === 'failed') this.subscriber.next({ failure: ending.error });
    try {
      await this.collect(ending, await this.settle(ending));
    } catch (failure) {
      // The record, if there is one, has had its end already: it is left to the sweep of records without a hold.
      if (failure instanceof AnsweredWithError)
        return this.giveBack({ status: 'failed', error: ledgerUnavailable(failure) }, false);
      logger.error({ msg: 'a settlement was given up', holdId: this.holdId, err: failure });
      const error = ledgerUnavailable(failure);
      this.end({ status: 'failed', error }, () => this.subscriber.error(error));
    }
  }

  /** The client learns of its receipt when its payment has moved. */
  private async collect(ending: Ending, written: Receipt | undefined): Promise<void> {
    const { header, failure, receipt = written } = (await this.payment?.collect(this.holdId)) ?? {};
    const { once, streamed } = this.work;
    this.story.receipt = receipt;
    const isLate = failure !== undefined && streamed && ending.status !== 'failed';
    if (isLate) this.subscriber.next({ failure });
    // The last frames, which show the failure and the receipt, are made anew.
    if (isLate || receipt !== written) this.books.settling.answer(once, receipt);
    if (failure && !streamed) return this.end(ending, () => this.subscriber.error(failure));
    this.end(ending, () => {
      if (header !== undefined) this.subscriber.next({ paid: header });
      if (receipt) this.subscriber.next({ receipt });
      this.subscriber.complete();
    });
  }

  private async settle(ending: Ending): Promise<Receipt | undefined> {
    const { work } = this;
    const { settling, settings } = this.books;
    const held = { holdId: this.holdId, grant: this.granted };
    const measurement = await measured(work.meter);
    this.story.measurement = measurement;
    const used = { measurement, settledAtMs: settling.clock.nowMs() };
    const settlement = settlementFor(work, held, used, settings.defaultChainId, this.payment?.settled);
    const tell = (error: GatewayError): void => {
      // A whole answer tells the failure itself: it is charged, and an error would not be.
      if (work.streamed && ending.status !== 'failed') this.subscriber.next({ failure: error });
    };
    for (const { record, keepsAnswer } of recordEnds(work.record, ending, measurement, tell)) {
      const once = keepsAnswer ? work.once : undefined;
      try {
        return await this.persist(
          () => settling.settle({ ...settlement, record }, once),
          this.isFreeUnanswered,
        );
      } catch (failure) {
        if (!(failure instanceof UnwritableError)) throw failure;
        logger.error({ msg: 'the record of a call could not be written', holdId: this.holdId, err: failure });
      }
    }
    throw new Error('the charge itself could not be written');
  }

  private async release(ending: Ending): Promise<void> {
    this.phase = 'ending';
    await this.giveBack(ending);
    if (ending.status === 'failed') this.subscriber.error(ending.error);
    else this.subscriber.complete();
  }

  /** @param withRecord false when the record has had its end already */
  private async giveBack(ending: Ending, withRecord = true): Promise<void> {
    const { keyId } = this.granted;
    const ends = withRecord ? recordEnds(this.work.record, ending, undefined) : [{ record: undefined }];
    for (const { record } of ends) {
      try {
        await this.persist(() => this.holds.release({ holdId: this.holdId, keyId, record }));
        break;
      } catch (failure) {
        // The lease does the rest: the next renewal releases an orphan, and a sweep ends what a dead process left.
        if (!(failure instanceof UnwritableError)) break;
      }
    }
    await this.payment?.collect(this.holdId);
    this.end(ending, () => undefined);
  }

  private persist<Result>(attempt: () => Promise<Result>, untilTold = false): Promise<Result> {
    const { calls, subscriber } = this;
    return keepWriting(attempt, { calls, subscriber, retryMs: this.books.settings.retryMs, untilTold });
  }

  /** @param ending undefined when another process has the call now */
  private end(ending: Ending | undefined, report: () => void): void {
    this.phase = 'ended';
    this.payment?.ended();
    this.work.cancelled?.removeEventListener('abort', this.cancel);
    this.calls.remove(this);
    if (this.grant) this.holds.returned(this.work.origin);
    // The client does not wait for logs and metrics.
    report();
    if (ending) this.story.ended(ending);
    else this.story.moved();
  }

  private get granted(): HoldGrant {
    if (!this.grant) throw new Error('the hold has not been granted');
    return this.grant;
  }
}
