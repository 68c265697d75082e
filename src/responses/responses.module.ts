import { Module } from '@nestjs/common';
import { Retention } from './retention.js';
import { TextCallsModule } from '../providers/calls/text-calls.module.js';
import { ResponseRecords } from '../providers/calls/response-records.js';
import { HealthModule } from '../http/health/health.module.js';
import { HttpModule } from '../http/http.module.js';
import { ChatCallsAsResponses } from './chat/chat-calls-as-responses.js';
import { CompactionEndpoint } from './compaction/compaction-endpoint.js';
import { CompactionService } from './compaction/compaction.service.js';
import { Compactions } from './compaction/compactions.js';
import { ContextReader } from './context-reader.js';
import { InputTokensEndpoint } from './input-tokens-endpoint.js';
import { BackgroundEndpoint } from './background/background-endpoint.js';
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
import { ResponseRuns } from './response-runs.js';
import { ResponsesEndpoint } from './responses-endpoint.js';
import { ExternalResponsesController, NativeResponsesController } from './responses.controller.js';
import { ResponsesService } from './responses.service.js';
import { RunningResponses } from './running-responses.js';
import { ResponseSockets } from './socket/response-sockets.js';
import { ResponseSettings } from './settings.js';
import { StoredResponseEndpoint } from './stored-response-endpoint.js';
import { StoredResponses } from './stored-responses.service.js';

/** Needs its stores from a global module. */
@Module({
  imports: [TextCallsModule, HealthModule, HttpModule],
  controllers: [
    // Express tries the routes in this order: those that are called most come first.
    NativeResponsesController,
    ExternalResponsesController,
    NativeConversationsController,
    ExternalConversationsController,
  ],
  providers: [
    { provide: ResponseRecords, useClass: ChatCallsAsResponses },
    CompactionEndpoint,
    CompactionService,
    Compactions,
    ContextReader,
    InputTokensEndpoint,
    BackgroundEndpoint,
    BackgroundRuns,
    Conversations,
    ConversationsEndpoint,
    ConversationQueues,
    ConversationTurns,
    ConversationWait,
    FollowResponses,
    LogBell,
    LeftBehindResponses,
    Retention,
    ResponsesEndpoint,
    ResponseRuns,
    ResponseSettings,
    ResponsesService,
    RunningResponses,
    ResponseSockets,
    StoredResponseEndpoint,
    StoredResponses,
  ],
  exports: [ResponseRecords],
})
export class ResponsesModule {}
