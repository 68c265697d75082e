import { Global, Module, type FactoryProvider } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config, PaymentsConfig } from '../config/config.js';
import { parseSigningKey } from '../config/signing-key.js';
import { BUDGET_WAIT_MS, BudgetQueue } from './budget-queue.js';
import { CallReports } from './call-reports.js';
import type { ChargeSettings } from './charged-work.js';
import { Charge, CHARGE_SETTINGS } from './charge.js';
import { FEE_BPS } from './fee.js';
import { KeyAuthenticator } from './keys/key-authenticator.js';
import { KeysService } from './keys/keys.service.js';
import { LEASE_MS, LeaseKeeper } from './lease-keeper.js';
import { Networks } from './networks.js';
import { ReceiptKeys } from './receipts/receipt-keys.js';
import { ReceiptSigner } from './receipts/receipt-signer.js';
import { Settling } from './receipts/settling.js';
import { Once } from './once/once.js';
import { PaidAnswers } from './once/paid-answers.js';
import { RunningCalls } from './running-calls.js';
import { Sweeper } from './sweeper.js';

@Global()
@Module({
  providers: [
    setting(CHARGE_SETTINGS, ({ defaultChainId, leaseMs }): ChargeSettings => ({
      defaultChainId,
      retryMs: leaseMs / 2,
    })),
    {
      provide: BUDGET_WAIT_MS,
      inject: [ConfigService],
      useFactory: (config: ConfigService<Config, true>): number =>
        config.get('budgetWaitMs', { infer: true }),
    },
    setting(FEE_BPS, ({ feeBps }) => feeBps),
    setting(LEASE_MS, ({ leaseMs }) => leaseMs),
    setting(Networks, ({ chainIds }) => new Networks(chainIds)),
    {
      provide: ReceiptSigner,
      inject: [ConfigService],
      useFactory: (config: ConfigService<Config, true>) =>
        new ReceiptSigner(parseSigningKey(config.get('receiptSigningKey', { infer: true }))),
    },
    BudgetQueue,
    CallReports,
    Charge,
    KeyAuthenticator,
    KeysService,
    LeaseKeeper,
    ReceiptKeys,
    Once,
    PaidAnswers,
    RunningCalls,
    Settling,
    Sweeper,
  ],
  exports: [
    BudgetQueue,
    CallReports,
    Charge,
    CHARGE_SETTINGS,
    FEE_BPS,
    KeyAuthenticator,
    KeysService,
    LEASE_MS,
    LeaseKeeper,
    Networks,
    ReceiptKeys,
    ReceiptSigner,
    Once,
    PaidAnswers,
    RunningCalls,
    Sweeper,
  ],
})
export class PaymentsModule {}

function setting(
  token: FactoryProvider['provide'],
  read: (payments: PaymentsConfig) => unknown,
): FactoryProvider {
  return {
    provide: token,
    inject: [ConfigService],
    useFactory: (config: ConfigService<Config, true>) => read(config.get('payments', { infer: true })),
  };
}
