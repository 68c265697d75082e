import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Param, Post, Req, Res, UseGuards } from '@nestjs/common';
import { AcceptingWork } from '../http/health/accepting-work.js';
import { type Caller, PayingCaller } from '../http/caller.js';
import { ChatEndpoint } from './chat-endpoint.js';
import { externalPresenters } from './presenter/external-presenters.js';

/** The chat route of Azure's clients: the deployment in the address is the public model id, slashes included. */
@Controller('external/openai/deployments')
@UseGuards(AcceptingWork)
export class AzureChatController {
  constructor(private readonly endpoint: ChatEndpoint) {}

  @Post('*deployment/chat/completions')
  create(
    @PayingCaller() caller: Caller,
    @Param('deployment') segments: string | string[],
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    const model = typeof segments === 'string' ? segments : segments.join('/');
    return this.endpoint.create(caller, request, response, externalPresenters, model);
  }
}
