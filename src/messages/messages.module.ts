import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  Module,
  type DynamicModule,
  type MiddlewareConsumer,
  type NestModule,
  type Type,
} from '@nestjs/common';
import { HealthModule } from '../http/health/health.module.js';
import { HttpModule } from '../http/http.module.js';
import { requestIdOf } from '../http/request-id.js';
import { TextCallsModule } from '../providers/calls/text-calls.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { anthropic } from '../streaming/anthropic-wire.js';
import { speaks } from '../streaming/wire-of.js';
import { MessagesEndpoint } from './messages-endpoint.js';
import {
  ConnectivityController,
  ExternalMessagesController,
  NativeMessagesController,
} from './messages.controller.js';
import { Threads } from './threads.js';
import { MessagesService } from './messages.service.js';

const ROUTES = ['v1/messages', 'v1/messages/*rest', 'external/v1/messages', 'external/v1/messages/*rest'];

/** Anthropic's SDKs read the id of a request from this header. */
function nameRequest(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  response.setHeader('request-id', requestIdOf(request));
  next();
}

@Module({
  imports: [TextCallsModule, ProvidersModule, HealthModule, HttpModule],
  controllers: [NativeMessagesController, ExternalMessagesController, ConnectivityController],
  providers: [MessagesEndpoint, MessagesService, Threads],
})
export class MessagesModule implements NestModule {
  /** @param records a module that exports ResponseRecords: threads are kept as Responses */
  static keepingIn(records: Type): DynamicModule {
    return { module: MessagesModule, imports: [records] };
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(speaks(anthropic), nameRequest).forRoutes(...ROUTES);
  }
}
