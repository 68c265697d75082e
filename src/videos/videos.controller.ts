import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { AcceptingWork } from '../http/health/accepting-work.js';
import { type Caller, CurrentCaller } from '../http/caller.js';
import { StoredVideosEndpoint } from './stored-videos-endpoint.js';
import { VideosEndpoint } from './videos-endpoint.js';

/** The routes of both surfaces. */
@Controller(['v1/videos', 'external/v1/videos'])
export class VideosController {
  constructor(
    private readonly endpoint: VideosEndpoint,
    private readonly stored: StoredVideosEndpoint,
  ) {}

  @Post('generations')
  @UseGuards(AcceptingWork)
  generate(
    @CurrentCaller() caller: Caller,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    return this.endpoint.generate(caller, request, response);
  }

  @Post()
  @UseGuards(AcceptingWork)
  create(
    @CurrentCaller() caller: Caller,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    return this.endpoint.create(caller, request, response);
  }

  @Post(':id/remix')
  @UseGuards(AcceptingWork)
  remix(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    return this.endpoint.remix(caller, id, request, response);
  }

  @Get()
  list(@CurrentCaller() caller: Caller, @Query() query: Record<string, unknown>): Promise<object> {
    return this.stored.list(caller, query);
  }

  @Get(':id')
  find(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<object> {
    return this.stored.find(caller, id);
  }

  @Get(':id/stream')
  watch(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() query: Record<string, unknown>,
    @Res() response: ServerResponse,
  ): Promise<void> {
    return this.stored.watch(caller, id, query, response);
  }

  @Get(':id/content')
  content(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() query: Record<string, unknown>,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    return this.stored.content(caller, id, query, request, response);
  }

  @Post(':id/cancel')
  @HttpCode(200)
  cancel(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<object> {
    return this.stored.cancel(caller, id);
  }

  @Delete(':id')
  erase(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<object> {
    return this.stored.erase(caller, id);
  }
}
