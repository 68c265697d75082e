import { Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { AdminModule } from '../admin/admin.module.js';
import { Siblings } from '../base/work/siblings.js';
import { CatalogModule } from '../catalog/catalog.module.js';
import { ChatModule } from '../chat/chat.module.js';
import type { LoadedConfig } from '../config/config.js';
import { configModule } from '../config/config.module.js';
import { TextCallsModule } from '../providers/calls/text-calls.module.js';
import { EmbeddingsModule } from '../embeddings/embeddings.module.js';
import { HealthModule } from '../http/health/health.module.js';
import { HttpModule } from '../http/http.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { siblingsModule } from './siblings.module.js';
import { PaymentsModule } from '../payments/payments.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { MessagesModule } from '../messages/messages.module.js';
import { LookupsModule } from '../lookups/lookups.module.js';
import { ResponsesModule } from '../responses/responses.module.js';
import { StorageModule } from '../storage/storage.module.js';
import { VideosModule } from '../videos/videos.module.js';
import { WarmUp } from './warm-up.js';
import { Workers } from './workers.js';

/** The composition root: assembles the gateway and its database. */
@Module({})
export class AppModule {
  static forRoot(config: LoadedConfig, databaseUrl: string, siblings: Siblings): DynamicModule {
    return {
      module: AppModule,
      imports: [
        DiscoveryModule,
        configModule(config),
        siblingsModule(siblings),
        StorageModule.forRoot(databaseUrl, config),
        PaymentsModule,
        HttpModule,
        CatalogModule,
        ProvidersModule,
        TextCallsModule,
        // Express tries routes in the order of their modules, so the most frequent ones come first.
        ChatModule.keepingIn(ResponsesModule),
        ResponsesModule,
        MessagesModule.keepingIn(ResponsesModule),
        EmbeddingsModule,
        HealthModule,
        MetricsModule,
        LookupsModule,
        VideosModule,
        AdminModule,
      ],
      providers: [WarmUp, Workers],
    };
  }
}
