import { Module } from '@nestjs/common';
import { KeyAuthenticator } from '../payments/keys/key-authenticator.js';
import { PaymentsModule } from '../payments/payments.module.js';
import { StreamingModule } from '../streaming/streaming.module.js';
import { FreeBodies } from './free-bodies.js';
import { Intake } from './intake.js';
import { KeyCheck } from './key-check.js';
import { PaidRequests } from './paid-requests.js';
import { BodySettings } from './settings.js';

/** Everything that a controller of user content needs: reading bodies, finding the payer, and answering. */
@Module({
  imports: [PaymentsModule, StreamingModule],
  providers: [
    BodySettings,
    Intake,
    FreeBodies,
    { provide: KeyCheck, useExisting: KeyAuthenticator },
    PaidRequests,
  ],
  exports: [Intake, FreeBodies, KeyCheck, PaidRequests, PaymentsModule, StreamingModule],
})
export class HttpModule {}
