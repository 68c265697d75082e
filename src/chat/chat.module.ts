import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { TextCallsModule } from '../providers/calls/text-calls.module.js';
import { HealthModule } from '../http/health/health.module.js';
import { HttpModule } from '../http/http.module.js';
import { AzureChatController } from './azure-chat.controller.js';
import { ChatEndpoint } from './chat-endpoint.js';
import { ChatService } from './chat.service.js';
import { ExternalChatController } from './external-chat.controller.js';
import { NativeChatController } from './native-chat.controller.js';
import { StoredChatController } from './stored/stored-chat.controller.js';
import { StoredChatEndpoint } from './stored/stored-chat-endpoint.js';

/** Needs a ChatCompletionStore from a global module. */
@Module({
  imports: [TextCallsModule, HealthModule, HttpModule],
  // Express tries the routes in this order: those that are called most come first.
  controllers: [NativeChatController, ExternalChatController, StoredChatController, AzureChatController],
  providers: [ChatEndpoint, ChatService, StoredChatEndpoint],
})
export class ChatModule {
  /** @param records a module that exports ResponseRecords: chat calls can be kept as Responses */
  static keepingIn(records: Type): DynamicModule {
    return { module: ChatModule, imports: [records] };
  }
}
