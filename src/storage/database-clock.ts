import { Logger } from '@nestjs/common';
import { LedgerClock } from '../payments/ledger-clock.js';

/** Differences below this are usual between machines that keep time. */
const WORTH_A_WARNING_MS = 5_000;

/** This machine's clock, put right by the database's. */
export class DatabaseClock extends LedgerClock {
  private readonly logger = new Logger(DatabaseClock.name);
  private correctionMs = 0;
  private warnedOfMs = 0;

  /** @param ownMs this machine's clock */
  constructor(private readonly ownMs: () => number = Date.now) {
    super();
  }

  nowMs(): number {
    return this.ownMs() + this.correctionMs;
  }

  /**
   * Corrects by no more than what is certain to be wrong, since nobody knows how long either way took.
   *
   * @param databaseMs what the database's clock showed between the question and now
   * @param askedAtMs what this machine's clock showed at the question
   */
  compare(databaseMs: number, askedAtMs: number): void {
    const sinceAnswer = databaseMs - this.ownMs();
    const sinceQuestion = databaseMs - askedAtMs;
    this.correctionMs = Math.round(sinceAnswer > 0 ? sinceAnswer : Math.min(sinceQuestion, 0));
    this.warn();
  }

  private warn(): void {
    const { correctionMs } = this;
    if (Math.abs(correctionMs - this.warnedOfMs) < WORTH_A_WARNING_MS) return;
    this.warnedOfMs = correctionMs;
    const seconds = Math.round(Math.abs(correctionMs) / 1000);
    const where = correctionMs > 0 ? 'behind' : 'ahead of';
    this.logger.warn(
      seconds < 1
        ? "this machine's clock agrees with the database's again"
        : `this machine's clock is ${seconds} s ${where} the database's, which receipts go by`,
    );
  }
}
