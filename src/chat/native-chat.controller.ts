import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Post, Req, Res, UseGuards } from '@nestjs/common';
import { AcceptingWork } from '../http/health/accepting-work.js';
import { type Caller, PayingCaller } from '../http/caller.js';
import { ChatEndpoint } from './chat-endpoint.js';
import { nativePresenters } from './presenter/native-presenters.js';

@Controller('v1/chat/completions')
@UseGuards(AcceptingWork)
export class NativeChatController {
  constructor(private readonly endpoint: ChatEndpoint) {}

  @Post()
  create(
    @PayingCaller() caller: Caller,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    return this.endpoint.create(caller, request, response, nativePresenters);
  }
}
