import type { IncomingMessage } from 'node:http';
import { Controller, Delete, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { type Account, CurrentAccount, ForAccounts } from '../../http/account-guard.js';
import { type Caller, CurrentCaller } from '../../http/caller.js';
import { StoredChatEndpoint } from './stored-chat-endpoint.js';

/** The routes of both surfaces. */
@Controller(['v1/chat/completions', 'external/v1/chat/completions'])
export class StoredChatController {
  constructor(private readonly endpoint: StoredChatEndpoint) {}

  @Get()
  @ForAccounts()
  list(@CurrentAccount() account: Account, @Query() query: Record<string, unknown>): Promise<object> {
    return this.endpoint.list(account, query);
  }

  @Get(':id')
  @ForAccounts()
  find(@CurrentAccount() account: Account, @Param('id') id: string): Promise<object> {
    return this.endpoint.find(account, id);
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
  @ForAccounts()
  erase(@CurrentAccount() account: Account, @Param('id') id: string): Promise<object> {
    return this.endpoint.erase(account, id);
  }

  @Get(':id/messages')
  @ForAccounts()
  messages(
    @CurrentAccount() account: Account,
    @Param('id') id: string,
    @Query() query: Record<string, unknown>,
  ): Promise<object> {
    return this.endpoint.messages(account, id, query);
  }
}
