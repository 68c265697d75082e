import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Post, Req, Res, UseGuards } from '@nestjs/common';
import { AcceptingWork } from '../http/health/accepting-work.js';
import { type Caller, PayingCaller } from '../http/caller.js';
import { EmbeddingsEndpoint } from './embeddings-endpoint.js';
import { nativePresenter } from './presenter/presenters.js';

@Controller('v1/embeddings')
@UseGuards(AcceptingWork)
export class NativeEmbeddingsController {
  constructor(private readonly endpoint: EmbeddingsEndpoint) {}

  @Post()
  create(
    @PayingCaller() caller: Caller,
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    return this.endpoint.create(caller, request, response, nativePresenter);
  }
}
