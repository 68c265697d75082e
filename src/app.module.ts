import { Module, type DynamicModule } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { AdminModule } from './admin/admin.module.js';
import { CatalogModule } from './catalog/catalog.module.js';
import { ChatModule } from './chat/chat.module.js';
import type { Config } from './config/config.js';
import { HealthModule } from './health/health.module.js';
import { HttpModule } from './http/http.module.js';
import { ModelsModule } from './models/models.module.js';
import { PaymentsModule } from './payments/payments.module.js';
import { ProvidersModule } from './providers/providers.module.js';
import { StorageModule } from './storage/storage.module.js';
import { StreamingModule } from './streaming/streaming.module.js';

/** The composition root: the only file that names adapters. */
@Module({})
export class AppModule {
  static forRoot(config: Config, databaseUrl: string): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot({
          isGlobal: true,
          ignoreEnvFile: true,
          ignoreEnvVars: true,
          load: [() => config],
        }),
        StorageModule.forRoot(databaseUrl),
        PaymentsModule.forRoot(config.payments),
        HttpModule.forRoot({ maxBodyBytes: config.maxBodyBytes }),
        StreamingModule.forRoot(config.streaming),
        CatalogModule,
        ProvidersModule,
        HealthModule,
        ModelsModule,
        ChatModule,
        AdminModule.forRoot(config.adminToken),
      ],
    };
  }
}
