import { Module } from '@nestjs/common';
import { CatalogModule } from '../catalog/catalog.module.js';
import { HealthModule } from '../health/health.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { ChatEndpoint } from './chat-endpoint.js';
import { ChatService } from './chat.service.js';
import { ExternalChatController } from './external-chat.controller.js';
import { NativeChatController } from './native-chat.controller.js';

@Module({
  imports: [CatalogModule, HealthModule, ProvidersModule],
  controllers: [ExternalChatController, NativeChatController],
  providers: [ChatEndpoint, ChatService],
})
export class ChatModule {}
