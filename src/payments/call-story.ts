import type { ErrorCode } from '../base/errors/gateway-error.js';
import type { CallEnded } from '../base/moments/moment.js';
import type { Moments } from '../base/moments/moments.js';
import type { Measurement } from '../base/money/meter.js';
import type { Receipt } from '../base/money/receipt.js';
import type { Ending } from './call-record.js';
import type { ChargedWork } from './charged-work.js';
import type { HoldGrant } from './ledger.js';

/** Publishes the moments of one call, and gathers what the last one tells. */
export class CallStory {
  private readonly startedAt = performance.now();
  private readonly ids: { readonly requestId: string; readonly responseId: string };
  private readonly exchange: object | undefined;
  private grant: HoldGrant | undefined;
  private firstEventMs: number | undefined;
  private isTold = false;
  /** Set when the call is to be charged. */
  measurement: Measurement | undefined;
  /** Set when the call was charged. */
  receipt: Receipt | undefined;

  constructor(
    private readonly work: Omit<ChargedWork<unknown>, 'generate'>,
    private readonly moments: Moments,
  ) {
    const { origin, responseId, model, streamed, background = false } = work;
    this.ids = { requestId: origin.requestId, responseId };
    this.exchange = background ? undefined : origin.exchange;
    const { ids, exchange } = this;
    moments.publish({ type: 'received', ...ids, exchange, model, streamed, background });
  }

  held(grant: HoldGrant): void {
    this.grant = grant;
    const { keyId, accountId: account, amount } = grant;
    this.moments.publish({ type: 'held', ...this.ids, keyId, account, amountAtomic: String(amount) });
  }

  /** The model has said something. */
  heard(): void {
    if (this.firstEventMs !== undefined) return;
    this.firstEventMs = this.sinceStart;
    this.moments.publish({ type: 'first_event', ...this.ids, afterMs: this.firstEventMs });
  }

  refused(code: ErrorCode): void {
    this.tell('refused', 'refused', code);
  }

  ended(ending: Ending): void {
    const code = ending.status === 'failed' ? ending.error.code : undefined;
    this.tell(this.receipt ? 'settled' : 'released', ending.status, code);
  }

  /** Another process has the call now. */
  moved(): void {
    if (this.isTold) return;
    this.isTold = true;
    this.moments.publish({ type: 'moved', ...this.ids });
  }

  /** Only the first end counts. */
  private tell(type: CallEnded['type'], outcome: CallEnded['outcome'], code: ErrorCode | undefined): void {
    if (this.isTold) return;
    this.isTold = true;
    const { work, exchange, grant, measurement, receipt, firstEventMs } = this;
    this.moments.publish({
      type,
      ...this.ids,
      exchange,
      model: work.model,
      entryId: work.entryId,
      provider: work.meter.provider ?? work.provider,
      outcome,
      code,
      keyId: grant?.keyId,
      account: grant?.accountId,
      usage: measurement?.usage,
      estimated: measurement?.estimated === true,
      costAtomic: receipt?.finalAmountWei,
      receiptId: receipt?.id,
      firstEventMs,
      durationMs: this.sinceStart,
    });
  }

  private get sinceStart(): number {
    return performance.now() - this.startedAt;
  }
}
