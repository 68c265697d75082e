import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { AcceptingWork } from '../http/health/accepting-work.js';
import { type Account, CurrentAccount, ForAccounts } from '../http/account-guard.js';
import { type Caller, PayingCaller } from '../http/caller.js';
import { StoredVideosEndpoint } from './stored-videos-endpoint.js';
import { VideosEndpoint } from './videos-endpoint.js';

/** Video routes of both surfaces. */
@Controller(['v1/videos', 'external/v1/videos'])
export class VideosController {
  constructor(
    private readonly endpoint: VideosEndpoint,
    private readonly stored: StoredVideosEndpoint,
  ) {}

  @Post('generations')
  @UseGuards(AcceptingWork)
  generate(
    @PayingCaller() caller: Caller,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    return this.endpoint.generate(caller, request, response);
  }

  @Post()
  @UseGuards(AcceptingWork)
  create(
    @PayingCaller() caller: Caller,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    return this.endpoint.create(caller, request, response);
  }

  @Post(':id/remix')
  @UseGuards(AcceptingWork)
  @ForAccounts()
  remix(
    @PayingCaller() caller: Caller,
    @CurrentAccount() account: Account,
    @Param('id') id: string,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    return this.endpoint.remix({ caller, account, id }, request, response);
  }

  @Get()
  @ForAccounts()
  list(@CurrentAccount() account: Account, @Query() query: Record<string, unknown>): Promise<object> {
    return this.stored.list(account, query);
  }

  @Get(':id')
  @ForAccounts()
  find(@CurrentAccount() account: Account, @Param('id') id: string): Promise<object> {
    return this.stored.find(account, id);
  }

  @Get(':id/stream')
  @ForAccounts()
  watch(
    @CurrentAccount() account: Account,
    @Param('id') id: string,
    @Query() query: Record<string, unknown>,
    @Res() response: ServerResponse,
  ): Promise<void> {
    return this.stored.watch(account, id, query, response);
  }

  @Get(':id/content')
  @ForAccounts()
  content(
    @CurrentAccount() account: Account,
    @Param('id') id: string,
    @Query() query: Record<string, unknown>,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    return this.stored.content(account, id, query, request, response);
  }

  @Post(':id/cancel')
  @ForAccounts()
  @HttpCode(200)
  cancel(@CurrentAccount() account: Account, @Param('id') id: string): Promise<object> {
    return this.stored.cancel(account, id);
  }

  @Delete(':id')
  @ForAccounts()
  erase(@CurrentAccount() account: Account, @Param('id') id: string): Promise<object> {
    return this.stored.erase(account, id);
  }
}
