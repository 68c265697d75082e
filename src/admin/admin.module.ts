import { Module, type DynamicModule } from '@nestjs/common';
import { AdminGuard, ADMIN_TOKEN } from './admin-guard.js';
import { AdminKeysController } from './admin-keys.controller.js';

@Module({})
export class AdminModule {
  static forRoot(token: string): DynamicModule {
    return {
      module: AdminModule,
      controllers: [AdminKeysController],
      providers: [{ provide: ADMIN_TOKEN, useValue: token }, AdminGuard],
    };
  }
}
