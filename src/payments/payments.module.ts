import { Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '../base/config.js';
import { MomentsModule } from '../base/moments/moments.module.js';
import { parseSigningKey } from '../base/signing-key.js';
import { BudgetQueue } from './budget-queue.js';
import { Charge } from './charge.js';
import { Holds } from './holds.js';
import { KeyAuthenticator } from './keys/key-authenticator.js';
import { KeysService } from './keys/keys.service.js';
import { LeaseKeeper } from './lease-keeper.js';
import { Networks } from './networks.js';
import { ReceiptKeys } from './receipts/receipt-keys.js';
import { ReceiptSigner } from './receipts/receipt-signer.js';
import { Settling } from './receipts/settling.js';
import { Once } from './once/once.js';
import { PaidAnswers } from './once/paid-answers.js';
import { RunningCalls } from './running-calls.js';
import { StreamingModule } from '../streaming/streaming.module.js';
import { PaymentSettings } from './settings.js';
import { Sweeper } from './sweeper.js';
import { Upkeep } from './upkeep.js';
import { AccessTokens } from './x402/access-tokens.js';
import { TokenSecretStore } from './x402/token-secret-store.js';

/** Needs its stores from a global module. */
@Module({
  imports: [MomentsModule, StreamingModule],
  providers: [
    PaymentSettings,
    {
      provide: Networks,
      inject: [ConfigService],
      useFactory: (config: ConfigService<Config, true>) =>
        new Networks(config.get('payments', { infer: true }).chainIds),
    },
    {
      provide: ReceiptSigner,
      inject: [ConfigService],
      useFactory: (config: ConfigService<Config, true>) =>
        new ReceiptSigner(parseSigningKey(config.get('receiptSigningKey', { infer: true }))),
    },
    {
      provide: AccessTokens,
      inject: [TokenSecretStore, ConfigService],
      useFactory: (secrets: TokenSecretStore, config: ConfigService<Config, true>) =>
        new AccessTokens(secrets, config.get('payments', { infer: true }).x402?.tokenMs),
    },
    BudgetQueue,
    Charge,
    Holds,
    KeyAuthenticator,
    KeysService,
    LeaseKeeper,
    ReceiptKeys,
    Once,
    PaidAnswers,
    RunningCalls,
    Settling,
    Sweeper,
    Upkeep,
  ],
  exports: [
    AccessTokens,
    Charge,
    Holds,
    KeyAuthenticator,
    KeysService,
    LeaseKeeper,
    Networks,
    ReceiptKeys,
    ReceiptSigner,
    Once,
    PaidAnswers,
    PaymentSettings,
    RunningCalls,
    Settling,
  ],
})
export class PaymentsModule {}
