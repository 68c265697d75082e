import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '../base/config.js';

/** What the configuration says about calls that are paid for. */
@Injectable()
export class PaymentSettings {
  /** How long other processes wait before they take a silent process for dead, milliseconds. */
  readonly leaseMs: number;
  /** How long a client waits for a failing ledger before it is told, milliseconds. */
  readonly retryMs: number;
  /** How long a call waits for the holds of other calls to end, milliseconds; 0 does not wait. */
  readonly budgetWaitMs: number;
  /** How long a repeated request waits for the first one with its `Idempotency-Key`, milliseconds; 0 does not wait. */
  readonly idempotencyWaitMs: number;
  /** The platform fee in basis points of the provider amount. */
  readonly feeBps: number;
  /** The chain that receipts name when neither the request nor its key names one. */
  readonly defaultChainId: number;

  constructor(config: ConfigService<Config, true>) {
    const { leaseMs, feeBps, defaultChainId } = config.get('payments', { infer: true });
    this.leaseMs = leaseMs;
    this.retryMs = leaseMs / 2;
    this.budgetWaitMs = config.get('budgetWaitMs', { infer: true });
    this.idempotencyWaitMs = config.get('idempotencyWaitMs', { infer: true });
    this.feeBps = feeBps;
    this.defaultChainId = defaultChainId;
  }
}
