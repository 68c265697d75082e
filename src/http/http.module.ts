import { Global, Module } from '@nestjs/common';
import { KeyAuthenticator } from '../payments/keys/key-authenticator.js';
import { FreeBodies } from './free-bodies.js';
import { Intake } from './intake.js';
import { KeyCheck } from './key-check.js';
import { PaidRequests } from './paid-requests.js';
import { BodySettings } from './settings.js';

/** What every controller of user content needs. */
@Global()
@Module({
  providers: [
    BodySettings,
    Intake,
    FreeBodies,
    { provide: KeyCheck, useExisting: KeyAuthenticator },
    PaidRequests,
  ],
  exports: [Intake, FreeBodies, KeyCheck, PaidRequests],
})
export class HttpModule {}
