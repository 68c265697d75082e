import { Injectable } from '@nestjs/common';
import { Subject } from 'rxjs';
import type { ErrorCode } from '../base/errors/gateway-error.js';
import type { Ending } from './call-record.js';
import type { ChargedWork, CallOrigin } from './charged-work.js';
import type { Receipt } from '../money/receipt.js';
import type { HoldGrant } from './ledger.js';
import type { Measurement } from '../money/meter.js';

/** What a paid call came to. */
export interface CallReport {
  readonly origin: CallOrigin;
  /** Public model id without options. */
  readonly model: string;
  /** The catalog entry that the model is from: a name of the operator's, where `model` may be one of the client's. */
  readonly entryId: string;
  /** That answered, or else was expected to. */
  readonly provider: string;
  /** `refused`: no hold was granted, and nothing ran. */
  readonly outcome: 'completed' | 'cancelled' | 'failed' | 'refused';
  readonly errorCode: ErrorCode | undefined;
  /** Undefined when the key was refused. */
  readonly grant: HoldGrant | undefined;
  /** Undefined when nothing was charged. */
  readonly measurement: Measurement | undefined;
  readonly receipt: Receipt | undefined;
  /** Until the model's first word reached us; undefined when it said none. */
  readonly firstWordMs: number | undefined;
  readonly durationMs: number;
}

/** Tells logs and metrics of every paid call, once when it begins and once when its money has its end. */
@Injectable()
export class CallReports {
  readonly begun = new Subject<CallOrigin>();
  readonly ended = new Subject<CallReport>();
}

/** Gathers what there will be to tell of one call. */
export class CallStory {
  private readonly startedAt = performance.now();
  private firstWordMs: number | undefined;
  private isTold = false;
  grant: HoldGrant | undefined;
  measurement: Measurement | undefined;
  receipt: Receipt | undefined;

  private readonly origin: CallOrigin;

  constructor(
    private readonly work: Omit<ChargedWork<unknown>, 'generate'>,
    private readonly reports: CallReports,
  ) {
    this.origin = work.background ? { ...work.origin, line: undefined } : work.origin;
    reports.begun.next(this.origin);
  }

  heard(): void {
    this.firstWordMs ??= performance.now() - this.startedAt;
  }

  /** Only the first end counts. */
  end(ending: Ending, outcome: CallReport['outcome'] = ending.status): void {
    if (this.isTold) return;
    this.isTold = true;
    const { model, entryId, provider, meter } = this.work;
    this.reports.ended.next({
      origin: this.origin,
      model,
      entryId,
      provider: meter.provider ?? provider,
      outcome,
      errorCode: ending.status === 'failed' ? ending.error.code : undefined,
      grant: this.grant,
      measurement: this.measurement,
      receipt: this.receipt,
      firstWordMs: this.firstWordMs,
      durationMs: performance.now() - this.startedAt,
    });
  }
}
