import { Module } from '@nestjs/common';
import { GenerationModule } from '../generation/generation.module.js';
import { HealthModule } from '../health/health.module.js';
import { LEASE_MS } from '../payments/lease-keeper.js';
import { CompactionEndpoint } from './compaction/compaction-endpoint.js';
import { CompactionService } from './compaction/compaction.service.js';
import { Compactions } from './compaction/compactions.js';
import { InputTokensEndpoint } from './input-tokens-endpoint.js';
import { BackgroundRuns } from './background/background-runs.js';
import { FollowResponses } from './background/follow.js';
import { ConversationTurns, ConversationWait } from './conversations/conversation-turns.js';
import { ConversationsEndpoint } from './conversations/conversations-endpoint.js';
import {
  ExternalConversationsController,
  NativeConversationsController,
} from './conversations/conversations.controller.js';
import { Conversations } from './conversations/conversations.service.js';
import { LeftBehindResponses } from './left-behind.js';
import { ResponsesEndpoint } from './responses-endpoint.js';
import { ExternalResponsesController, NativeResponsesController } from './responses.controller.js';
import { ResponsesService } from './responses.service.js';
import { RunningResponses } from './running-responses.js';
import { CANCEL_POLL_MS, END_WAIT_MS } from './settings.js';
import { StoredResponseEndpoint } from './stored-response-endpoint.js';
import { StoredResponses } from './stored-responses.service.js';

/** Needs its stores from a global module. */
@Module({
  imports: [GenerationModule, HealthModule],
  controllers: [
    ExternalConversationsController,
    ExternalResponsesController,
    NativeConversationsController,
    NativeResponsesController,
  ],
  providers: [
    { provide: CANCEL_POLL_MS, useValue: 250 },
    { provide: END_WAIT_MS, inject: [LEASE_MS], useFactory: (leaseMs: number) => leaseMs * 2 },
    CompactionEndpoint,
    CompactionService,
    Compactions,
    InputTokensEndpoint,
    BackgroundRuns,
    Conversations,
    ConversationsEndpoint,
    ConversationTurns,
    ConversationWait,
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
