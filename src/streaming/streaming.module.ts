import { Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '../base/config.js';
import { ResponseWriter } from './response-writer.js';

@Module({
  providers: [
    {
      provide: ResponseWriter,
      inject: [ConfigService],
      useFactory: (config: ConfigService<Config, true>) =>
        new ResponseWriter(config.get('streaming', { infer: true })),
    },
  ],
  exports: [ResponseWriter],
})
export class StreamingModule {}
