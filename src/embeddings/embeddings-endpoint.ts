import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Caller } from '../http/caller.js';
import { PaidRequests } from '../http/paid-requests.js';
import { PaidAnswers } from '../payments/once/paid-answers.js';
import { parseEmbeddingsRequest } from './embeddings-request.js';
import { EmbeddingsService } from './embeddings.service.js';
import type { EmbeddingsPresenter } from './presenter/presenters.js';

/** `POST …/embeddings` of both surfaces; only their presenters differ. */
@Injectable()
export class EmbeddingsEndpoint {
  constructor(
    private readonly embeddings: EmbeddingsService,
    private readonly requests: PaidRequests,
    private readonly answers: PaidAnswers,
  ) {}

  /** @param model the model that the address names; it replaces the body's */
  async create(
    caller: Caller,
    request: IncomingMessage,
    response: ServerResponse,
    presenterOf: EmbeddingsPresenter,
    model?: string,
  ): Promise<void> {
    const exchange = { request, response };
    const received = await this.requests.receive(caller, exchange, (body) =>
      parseEmbeddingsRequest(model === undefined ? body : { ...body, model }),
    );
    const { parsed, origin, earlier } = received;
    if (earlier) return this.answers.repeat(response, earlier.answer);
    const asked = await this.requests.keyFirst(caller, () => this.embeddings.command(parsed, origin));
    const agreed = await this.requests.agree(caller, exchange, received, () =>
      this.embeddings.offerOf(asked),
    );
    if (agreed.earlier) return this.answers.repeat(response, agreed.earlier.answer);
    const command = { ...asked, origin: agreed.origin };
    await this.answers.whole(
      response,
      agreed.once,
      (demand, once) => this.embeddings.embed(command, demand, once),
      presenterOf(command),
    );
  }
}
