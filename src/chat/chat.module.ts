import { Module } from '@nestjs/common';
import { GenerationModule } from '../generation/generation.module.js';
import { HealthModule } from '../health/health.module.js';
import { ChatEndpoint } from './chat-endpoint.js';
import { ChatService } from './chat.service.js';
import { ExternalChatController } from './external-chat.controller.js';
import { NativeChatController } from './native-chat.controller.js';

@Module({
  imports: [GenerationModule, HealthModule],
  controllers: [ExternalChatController, NativeChatController],
  providers: [ChatEndpoint, ChatService],
})
export class ChatModule {}
