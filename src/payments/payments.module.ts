import { Module, type DynamicModule } from '@nestjs/common';
import type { PaymentsConfig } from '../config/config.js';
import type { ChargeSettings } from './charged-call.js';
import { Charge, CHARGE_SETTINGS } from './charge.js';
import { KeyAuthenticator } from './keys/key-authenticator.js';
import { KeysService } from './keys/keys.service.js';
import { FEE_BPS } from './fee.js';
import { LEASE_MS, LeaseKeeper } from './lease-keeper.js';
import { Networks } from './networks.js';
import { RunningCalls } from './running-calls.js';
import { Sweeper } from './sweeper.js';

@Module({})
export class PaymentsModule {
  static forRoot(config: PaymentsConfig): DynamicModule {
    const settings: ChargeSettings = {
      defaultChainId: config.defaultChainId,
      retryMs: config.leaseMs / 2,
    };
    return {
      module: PaymentsModule,
      global: true,
      providers: [
        { provide: CHARGE_SETTINGS, useValue: settings },
        { provide: FEE_BPS, useValue: config.feeBps },
        { provide: LEASE_MS, useValue: config.leaseMs },
        { provide: Networks, useValue: new Networks(config.chainIds) },
        Charge,
        KeyAuthenticator,
        KeysService,
        LeaseKeeper,
        RunningCalls,
        Sweeper,
      ],
      exports: [Charge, FEE_BPS, KeyAuthenticator, KeysService, LeaseKeeper, Networks, RunningCalls, Sweeper],
    };
  }
}
