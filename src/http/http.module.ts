import { Global, Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '../config/config.js';
import { KeyAuthenticator } from '../payments/keys/key-authenticator.js';
import { FreeBodies } from './free-bodies.js';
import { Intake, INTAKE_BOUNDS, type IntakeBounds } from './intake.js';
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
    {
      provide: INTAKE_BOUNDS,
      inject: [ConfigService],
      useFactory: (config: ConfigService<Config, true>): IntakeBounds =>
        config.get('intake', { infer: true }),
    },
    Intake,
    FreeBodies,
    { provide: KeyCheck, useExisting: KeyAuthenticator },
    PaidRequests,
  ],
  exports: [MAX_BODY_BYTES, Intake, FreeBodies, KeyCheck, PaidRequests],
})
export class HttpModule {}
