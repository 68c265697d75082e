import { Module } from '@nestjs/common';
import { GenerationModule } from '../generation/generation.module.js';
import { HealthModule } from '../health/health.module.js';
import { LEASE_MS } from '../payments/lease-keeper.js';
import { InputTokensEndpoint } from './input-tokens-endpoint.js';
import { BackgroundRuns } from './background/background-runs.js';
import { FollowResponses } from './background/follow.js';
import { LeftBehindResponses } from './left-behind.js';
import { ResponsesEndpoint } from './responses-endpoint.js';
import { ExternalResponsesController, NativeResponsesController } from './responses.controller.js';
import { ResponsesService } from './responses.service.js';
import { RunningResponses } from './running-responses.js';
import { CANCEL_POLL_MS, END_WAIT_MS } from './settings.js';
import { StoredResponseEndpoint } from './stored-response-endpoint.js';
import { StoredResponses } from './stored-responses.service.js';

/** Needs a ResponseStore from a global module. */
@Module({
  imports: [GenerationModule, HealthModule],
  controllers: [ExternalResponsesController, NativeResponsesController],
  providers: [
    { provide: CANCEL_POLL_MS, useValue: 250 },
    { provide: END_WAIT_MS, inject: [LEASE_MS], useFactory: (leaseMs: number) => leaseMs * 2 },
    InputTokensEndpoint,
    BackgroundRuns,
    FollowResponses,
    LeftBehindResponses,
    ResponsesEndpoint,
    ResponsesService,
    RunningResponses,
    StoredResponseEndpoint,
    StoredResponses,
  ],
})
export class ResponsesModule {}
