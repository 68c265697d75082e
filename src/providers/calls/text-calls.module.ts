import { Module } from '@nestjs/common';
import { CatalogModule } from '../../catalog/catalog.module.js';
import { ProvidersModule } from '../providers.module.js';
import { PaymentsModule } from '../../payments/payments.module.js';
import { TextCalls } from './text-calls.js';

@Module({
  imports: [CatalogModule, PaymentsModule, ProvidersModule],
  providers: [TextCalls],
  exports: [TextCalls],
})
export class TextCallsModule {}
