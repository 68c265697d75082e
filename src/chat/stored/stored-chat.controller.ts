import type { IncomingMessage } from 'node:http';
import { Controller, Delete, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { type Caller, CurrentCaller } from '../../http/caller.js';
import { StoredChatEndpoint } from './stored-chat-endpoint.js';

/** The routes of both surfaces. */
@Controller(['v1/chat/completions', 'external/v1/chat/completions'])
export class StoredChatController {
  constructor(private readonly endpoint: StoredChatEndpoint) {}

  @Get()
  list(@CurrentCaller() caller: Caller, @Query() query: Record<string, unknown>): Promise<object> {
    return this.endpoint.list(caller, query);
  }

  @Get(':id')
  find(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<object> {
    return this.endpoint.find(caller, id);
  }

  @Post(':id')
  @HttpCode(200)
  update(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Req() request: IncomingMessage,
  ): Promise<object> {
    return this.endpoint.update(caller, id, request);
  }

  @Delete(':id')
  erase(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<object> {
    return this.endpoint.erase(caller, id);
  }

  @Get(':id/messages')
  messages(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() query: Record<string, unknown>,
  ): Promise<object> {
    return this.endpoint.messages(caller, id, query);
  }
}
