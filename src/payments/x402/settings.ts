import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '../../base/config.js';

/** What the configuration says about payments by wallets. */
@Injectable()
export class WalletSettings {
  /** Whether wallets can pay; nothing else here counts otherwise. */
  readonly isEnabled: boolean;
  /** Base of every absolute URL, without a trailing slash. */
  readonly publicUrl: string;
  readonly defaultChainId: number;
  /** Most that a call asks for whose client names no amount; atomic units. */
  readonly defaultMaxAmount: bigint;
  /** How long an answer that was not delivered keeps its request from being bought again, milliseconds. */
  readonly repeatMs: number;

  constructor(config: ConfigService<Config, true>) {
    const { x402, defaultChainId } = config.get('payments', { infer: true });
    this.isEnabled = x402 !== undefined;
    this.publicUrl = config.get('listen', { infer: true }).publicUrl;
    this.defaultChainId = defaultChainId;
    this.defaultMaxAmount = x402?.defaultMaxAmount ?? 0n;
    this.repeatMs = x402?.repeatMs ?? 0;
  }
}
