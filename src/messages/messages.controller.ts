import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Head, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import { type Caller, CurrentCaller, PayingCaller } from '../http/caller.js';
import { AcceptingWork } from '../http/health/accepting-work.js';
import { MessagesEndpoint } from './messages-endpoint.js';
import { externalMessages, nativeMessages } from './presenter/message-presenters.js';

@Controller('v1/messages')
@UseGuards(AcceptingWork)
export class NativeMessagesController {
  constructor(private readonly endpoint: MessagesEndpoint) {}

  @Post()
  create(
    @PayingCaller() caller: Caller,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    return this.endpoint.create(caller, request, response, nativeMessages);
  }

  @Post('count_tokens')
  @HttpCode(200)
  async count(@CurrentCaller() caller: Caller, @Req() request: IncomingMessage): Promise<object> {
    const { inputTokens, estimated } = await this.endpoint.count(caller, request);
    return { input_tokens: inputTokens, ...(estimated && { estimated }) };
  }
}

@Controller('external/v1/messages')
@UseGuards(AcceptingWork)
export class ExternalMessagesController {
  constructor(private readonly endpoint: MessagesEndpoint) {}

  @Post()
  create(
    @PayingCaller() caller: Caller,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    return this.endpoint.create(caller, request, response, externalMessages);
  }

  @Post('count_tokens')
  @HttpCode(200)
  async count(@CurrentCaller() caller: Caller, @Req() request: IncomingMessage): Promise<object> {
    const { inputTokens } = await this.endpoint.count(caller, request);
    return { input_tokens: inputTokens };
  }
}

/** Claude Code asks whether anybody is there. */
@Controller()
export class ConnectivityController {
  @Head()
  @HttpCode(200)
  isThere(): void {
    // The status says it.
  }
}
