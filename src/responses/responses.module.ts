import { Global, Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '../config/config.js';
import { Retention, type RetentionSettings } from './retention.js';
import { GenerationModule } from '../generation/generation.module.js';
import { ResponseRecords } from '../generation/response-records.js';
import { HealthModule } from '../http/health/health.module.js';
import { LEASE_MS } from '../payments/lease-keeper.js';
import { ChatResponseRecords } from './chat/chat-response-records.js';
import { CompactionEndpoint } from './compaction/compaction-endpoint.js';
import { CompactionRuns } from './compaction/compaction-runs.js';
import { CompactionService } from './compaction/compaction.service.js';
import { Compactions } from './compaction/compactions.js';
import { ContextReader } from './context-reader.js';
import { InputTokensEndpoint } from './input-tokens-endpoint.js';
import { BackgroundRuns } from './background/background-runs.js';
import { FollowResponses } from './background/follow.js';
import { LogBell } from './background/log-bell.js';
import { ConversationQueues } from './conversations/conversation-queues.js';
import { ConversationTurns } from './conversations/conversation-turns.js';
import { ConversationWait } from './conversations/conversation-wait.js';
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
import { ResponseSockets } from './socket/response-sockets.js';
import { SOCKET_SETTINGS, socketSettings } from './socket/socket-settings.js';
import { CANCEL_POLL_MS, END_WAIT_MS, RETENTION } from './settings.js';
import { StoredResponseEndpoint } from './stored-response-endpoint.js';
import { StoredResponses } from './stored-responses.service.js';

/** Needs its stores from a global module. Global: whoever calls models may have its calls kept as Responses. */
@Global()
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
    { provide: ResponseRecords, useClass: ChatResponseRecords },
    CompactionEndpoint,
    CompactionRuns,
    CompactionService,
    Compactions,
    ContextReader,
    InputTokensEndpoint,
    BackgroundRuns,
    Conversations,
    ConversationsEndpoint,
    ConversationQueues,
    ConversationTurns,
    ConversationWait,
    FollowResponses,
    LogBell,
    LeftBehindResponses,
    {
      provide: RETENTION,
      inject: [ConfigService],
      useFactory: (config: ConfigService<Config, true>): RetentionSettings => ({
        keepMs: config.get('responseRetentionDays', { infer: true }) * 86_400_000,
        everyMs: 600_000,
      }),
    },
    Retention,
    ResponsesEndpoint,
    ResponsesService,
    RunningResponses,
    ResponseSockets,
    StoredResponseEndpoint,
    StoredResponses,
    { provide: SOCKET_SETTINGS, inject: [ConfigService], useFactory: socketSettings },
  ],
  exports: [ResponseRecords],
})
export class ResponsesModule {}
