import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Param, Post, Req, Res, UseGuards } from '@nestjs/common';
import { AcceptingWork } from '../http/health/accepting-work.js';
import { type Caller, PayingCaller } from '../http/caller.js';
import { EmbeddingsEndpoint } from './embeddings-endpoint.js';
import { externalPresenter } from './presenter/presenters.js';

/** The route of Azure's clients: the deployment in the address is the public model id, slashes included. */
@Controller('external/openai/deployments')
@UseGuards(AcceptingWork)
export class AzureEmbeddingsController {
  constructor(private readonly endpoint: EmbeddingsEndpoint) {}

  @Post('*deployment/embeddings')
  create(
    @PayingCaller() caller: Caller,
    @Param('deployment') segments: string | string[],
    @Req() request: IncomingMessage,
    @Res() response: ServerResponse,
  ): Promise<void> {
    const model = typeof segments === 'string' ? segments : segments.join('/');
    return this.endpoint.create(caller, request, response, externalPresenter, model);
  }
}
