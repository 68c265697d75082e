import { Module } from '@nestjs/common';
import { HttpModule } from '../http/http.module.js';
import { KeySetController } from './key-set.controller.js';
import { ReceiptsController } from './receipts.controller.js';

@Module({ imports: [HttpModule], controllers: [KeySetController, ReceiptsController] })
export class ReceiptsModule {}
