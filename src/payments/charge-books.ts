import type { Moments } from '../base/moments/moments.js';
import type { Holds } from './holds.js';
import type { Settling } from './receipts/settling.js';
import type { RunningCalls } from './running-calls.js';
import type { PaymentSettings } from './settings.js';

/** What charging needs. */
export interface ChargeBooks {
  readonly holds: Holds;
  readonly settling: Settling;
  readonly calls: RunningCalls;
  readonly moments: Moments;
  readonly settings: PaymentSettings;
}
