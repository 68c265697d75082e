import type { BudgetQueue } from './budget-queue.js';
import type { CallReports } from './call-reports.js';
import type { KeyAuthenticator } from './keys/key-authenticator.js';
import type { Ledger } from './ledger.js';
import type { Settling } from './receipts/settling.js';
import type { RunningCalls } from './running-calls.js';
import type { PaymentSettings } from './settings.js';

/** What charging stands on. */
export interface ChargeBooks {
  readonly ledger: Ledger;
  readonly budgets: BudgetQueue;
  readonly keys: KeyAuthenticator;
  readonly settling: Settling;
  readonly calls: RunningCalls;
  readonly reports: CallReports;
  readonly settings: PaymentSettings;
}
