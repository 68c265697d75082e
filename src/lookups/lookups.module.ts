import { Module, type MiddlewareConsumer, type NestModule } from '@nestjs/common';
import { CatalogModule } from '../catalog/catalog.module.js';
import { HttpModule } from '../http/http.module.js';
import { speaksAsAsked } from '../streaming/wire-of.js';
import { KeySetController } from './key-set.controller.js';
import { ExternalModelsController, NativeModelsController } from './models.controller.js';
import { SupportedPaymentsController } from './supported-payments.controller.js';
import { ReceiptsController } from './receipts.controller.js';

/** Routes that cost nothing: models, receipts, the keys that sign receipts, and how wallets can pay. */
@Module({
  imports: [CatalogModule, HttpModule],
  controllers: [
    ExternalModelsController,
    NativeModelsController,
    KeySetController,
    ReceiptsController,
    SupportedPaymentsController,
  ],
})
export class LookupsModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply(speaksAsAsked)
      .forRoutes('v1/models', 'v1/models/*id', 'external/v1/models', 'external/v1/models/*id');
  }
}
