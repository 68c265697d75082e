import { Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '../base/config.js';
import { Moments } from '../base/moments/moments.js';
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
import { UsageUpkeep } from './receipts/usage-upkeep.js';
import { DistantAnswers } from './once/distant-answers.js';
import { SharedAnswers } from './once/shared-answers.js';
import { AwaitedEnds } from './once/awaited-ends.js';
import { RunningAnswers } from './once/running-answers.js';
import { Once } from './once/once.js';
import { PaidAnswers } from './once/paid-answers.js';
import { RunningCalls } from './running-calls.js';
import { StreamingModule } from '../streaming/streaming.module.js';
import { PaymentSettings } from './settings.js';
import { Sweeper } from './sweeper.js';
import { Upkeep } from './upkeep.js';
import { Deliveries } from './x402/deliveries.js';
import { EvmChains } from './x402/evm/evm-chains.js';
import { PaymentChains } from './x402/facilitator.js';
import { Orders } from './x402/orders.js';
import { PaymentDesk } from './x402/payment-desk.js';
import { PaymentWorker } from './x402/payment-worker.js';
import { Settlements } from './x402/settlements.js';
import { WalletSettings } from './x402/settings.js';
import { TransactionJournal } from './x402/transaction-journal.js';
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
      provide: PaymentChains,
      inject: [ConfigService, TransactionJournal, Moments],
      useFactory: (config: ConfigService<Config, true>, journal: TransactionJournal, moments: Moments) =>
        new EvmChains(config.get('payments', { infer: true }).x402, journal, moments),
    },
    {
      provide: AccessTokens,
      inject: [TokenSecretStore, ConfigService],
      useFactory: (secrets: TokenSecretStore, config: ConfigService<Config, true>) =>
        new AccessTokens(secrets, config.get('payments', { infer: true }).x402?.tokenMs),
    },
    AwaitedEnds,
    BudgetQueue,
    Charge,
    Deliveries,
    DistantAnswers,
    Holds,
    KeyAuthenticator,
    KeysService,
    LeaseKeeper,
    ReceiptKeys,
    Once,
    Orders,
    PaidAnswers,
    PaymentDesk,
    PaymentWorker,
    RunningAnswers,
    RunningCalls,
    Settlements,
    Settling,
    SharedAnswers,
    Sweeper,
    Upkeep,
    UsageUpkeep,
    WalletSettings,
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
    PaymentChains,
    PaymentDesk,
    PaymentSettings,
    RunningCalls,
    Settlements,
    Settling,
    WalletSettings,
  ],
})
export class PaymentsModule {}
