import { Module } from '@nestjs/common';
import { CatalogModule } from '../catalog/catalog.module.js';
import { HealthModule } from '../http/health/health.module.js';
import { HttpModule } from '../http/http.module.js';
import { PaymentsModule } from '../payments/payments.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { AzureEmbeddingsController } from './azure-embeddings.controller.js';
import { EmbeddingsEndpoint } from './embeddings-endpoint.js';
import { EmbeddingsService } from './embeddings.service.js';
import { ExternalEmbeddingsController } from './external-embeddings.controller.js';
import { NativeEmbeddingsController } from './native-embeddings.controller.js';

@Module({
  imports: [CatalogModule, PaymentsModule, ProvidersModule, HealthModule, HttpModule],
  controllers: [NativeEmbeddingsController, ExternalEmbeddingsController, AzureEmbeddingsController],
  providers: [EmbeddingsEndpoint, EmbeddingsService],
})
export class EmbeddingsModule {}
