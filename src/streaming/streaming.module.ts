import { Module, type DynamicModule } from '@nestjs/common';
import type { StreamingConfig } from '../config/config.js';
import { ResponseWriter } from './response-writer.js';

@Module({})
export class StreamingModule {
  static forRoot(config: StreamingConfig): DynamicModule {
    return {
      module: StreamingModule,
      global: true,
      providers: [{ provide: ResponseWriter, useValue: new ResponseWriter(config) }],
      exports: [ResponseWriter],
    };
  }
}
