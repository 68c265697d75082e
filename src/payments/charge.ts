import { Injectable } from '@nestjs/common';
import { Observable } from 'rxjs';
import { Moments } from '../base/moments/moments.js';
import type { ChargeBooks } from './charge-books.js';
import { ChargedCall } from './charged-call.js';
import type { ChargedWork } from './charged-work.js';
import { Holds } from './holds.js';
import type { Outcome } from './outcome.js';
import { Settling } from './receipts/settling.js';
import { RunningCalls } from './running-calls.js';
import { PaymentSettings } from './settings.js';

/** Wraps work: takes a hold on the budget before it runs, meters it while it runs, and settles it once. */
@Injectable()
export class Charge {
  private readonly books: ChargeBooks;

  constructor(
    holds: Holds,
    settling: Settling,
    calls: RunningCalls,
    moments: Moments,
    settings: PaymentSettings,
  ) {
    this.books = { holds, settling, calls, moments, settings };
  }

  /** Cold. An error means that nothing was charged; see `Outcome` for the order of the outcomes. */
  run<Event>(work: ChargedWork<Event>): Observable<Outcome<Event>> {
    return new Observable((subscriber) => {
      const call = new ChargedCall(work, this.books, subscriber);
      void call.begin();
      return () => {
        if (!work.once) call.leave();
      };
    });
  }
}
