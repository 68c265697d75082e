import { HttpModule } from '../http/http.module.js';
import { Module } from '@nestjs/common';
import { CatalogModule } from '../catalog/catalog.module.js';
import { ExternalModelsController, NativeModelsController } from './models.controller.js';

@Module({
  imports: [CatalogModule, HttpModule],
  controllers: [ExternalModelsController, NativeModelsController],
})
export class ModelsModule {}
