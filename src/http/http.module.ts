import { Global, Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '../config/config.js';
import { KeyAuthenticator } from '../payments/keys/key-authenticator.js';
import { KeyCheck } from './key-check.js';
import { MAX_BODY_BYTES } from './max-body-bytes.js';
import { PaidRequests } from './paid-requests.js';

/** What every controller of user content needs. */
@Global()
@Module({
  providers: [
    {
      provide: MAX_BODY_BYTES,
      inject: [ConfigService],
      useFactory: (config: ConfigService<Config, true>): number =>
        config.get('maxBodyBytes', { infer: true }),
    },
    { provide: KeyCheck, useExisting: KeyAuthenticator },
    PaidRequests,
  ],
  exports: [MAX_BODY_BYTES, KeyCheck, PaidRequests],
})
export class HttpModule {}
