import { Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '../base/config.js';
import { PaymentsModule } from '../payments/payments.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { AdminGuard } from './admin-guard.js';
import { AdminAccountsController } from './admin-accounts.controller.js';
import { AdminKeysController } from './admin-keys.controller.js';
import { AdminRecordsController } from './admin-records.controller.js';
import { AdminOrLoopbackGuard } from './admin-or-loopback-guard.js';
import { AdminToken } from './admin-token.js';

@Module({
  imports: [PaymentsModule, ProvidersModule],
  controllers: [AdminAccountsController, AdminKeysController, AdminRecordsController],
  providers: [
    {
      provide: AdminToken,
      inject: [ConfigService],
      useFactory: (config: ConfigService<Config, true>) =>
        new AdminToken(config.get('adminToken', { infer: true })),
    },
    AdminGuard,
    AdminOrLoopbackGuard,
  ],
  exports: [AdminGuard, AdminOrLoopbackGuard, AdminToken],
})
export class AdminModule {}
