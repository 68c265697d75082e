import { Module } from '@nestjs/common';
import { KeySetController } from './key-set.controller.js';
import { ReceiptsController } from './receipts.controller.js';

@Module({ controllers: [KeySetController, ReceiptsController] })
export class ReceiptsModule {}
