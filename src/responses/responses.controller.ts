import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { AcceptingWork } from '../http/health/accepting-work.js';
import { type Account, CurrentAccount, ForAccounts } from '../http/account-guard.js';
import { type Caller, CurrentCaller, PayingCaller } from '../http/caller.js';
import { CompactionEndpoint } from './compaction/compaction-endpoint.js';
import { InputTokensEndpoint } from './input-tokens-endpoint.js';
import { nativeResponsePresenters } from './presenter/native-response-presenters.js';
import { externalResponsePresenters, type ResponsePresenters } from './presenter/response-presenters.js';
import { ResponsesEndpoint } from './responses-endpoint.js';
import { StoredResponseEndpoint } from './stored-response-endpoint.js';

/** The routes of both surfaces. */
abstract class ResponsesController {
  protected constructor(
    private readonly endpoint: ResponsesEndpoint,
    private readonly stored: StoredResponseEndpoint,
    private readonly inputTokens: InputTokensEndpoint,
    private readonly compaction: CompactionEndpoint,
    private readonly presenters: ResponsePresenters,
  ) {}

  @Post()
  @UseGuards(AcceptingWork)
  create(
    @PayingCaller() caller: Caller,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    return this.endpoint.create(caller, request, response, this.presenters);
  }

  @Post('input_tokens')
  @HttpCode(200)
  @UseGuards(AcceptingWork)
  countInput(@CurrentCaller() caller: Caller, @Req() request: IncomingMessage): Promise<object> {
    return this.inputTokens.count(caller, request);
  }

  @Post('compact')
  @UseGuards(AcceptingWork)
  compact(
    @PayingCaller() caller: Caller,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    return this.compaction.compact(caller, request, response);
  }

  @Get(':id')
  @ForAccounts()
  find(
    @CurrentAccount() account: Account,
    @Param('id') id: string,
    @Query() query: Record<string, unknown>,
    @Res() response: ServerResponse,
  ): Promise<void> {
    return this.stored.find(account, id, query, response, this.presenters);
  }

  @Delete(':id')
  @ForAccounts()
  erase(@CurrentAccount() account: Account, @Param('id') id: string): Promise<object> {
    return this.stored.erase(account, id);
  }

  @Post(':id/cancel')
  @ForAccounts()
  @HttpCode(200)
  cancel(@CurrentAccount() account: Account, @Param('id') id: string): Promise<object> {
    return this.stored.cancel(account, id, this.presenters);
  }

  @Get(':id/input_items')
  @ForAccounts()
  inputItems(
    @CurrentAccount() account: Account,
    @Param('id') id: string,
    @Query() query: Record<string, unknown>,
  ): Promise<object> {
    return this.stored.inputItems(account, id, query);
  }
}

@Controller('v1/responses')
export class NativeResponsesController extends ResponsesController {
  constructor(
    endpoint: ResponsesEndpoint,
    stored: StoredResponseEndpoint,
    inputTokens: InputTokensEndpoint,
    compaction: CompactionEndpoint,
  ) {
    super(endpoint, stored, inputTokens, compaction, nativeResponsePresenters);
  }
}

@Controller('external/v1/responses')
export class ExternalResponsesController extends ResponsesController {
  constructor(
    endpoint: ResponsesEndpoint,
    stored: StoredResponseEndpoint,
    inputTokens: InputTokensEndpoint,
    compaction: CompactionEndpoint,
  ) {
    super(endpoint, stored, inputTokens, compaction, externalResponsePresenters);
  }
}
