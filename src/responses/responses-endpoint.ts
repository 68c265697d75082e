import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Caller } from '../http/caller.js';
import { whenLeft } from '../http/client-left.js';
import { PaidRequests } from '../http/paid-requests.js';
import type { Earlier } from '../payments/once/earlier.js';
import { PaidAnswers, type Run } from '../payments/once/paid-answers.js';
import { BackgroundEndpoint, type Answering } from './background/background-endpoint.js';
import type { ResponsePresenters } from './presenter/response-presenters.js';
import type { RunEvent } from './response-run.js';
import { refuseWithoutKey } from './refuse-without-key.js';
import { parseResponsesRequest } from './responses-request.js';
import { ResponsesService, type ResponseCommand } from './responses.service.js';
import { StoredResponseEndpoint } from './stored-response-endpoint.js';

/** `POST …/responses` of both surfaces; only their presenters differ. */
@Injectable()
export class ResponsesEndpoint {
  constructor(
    private readonly responses: ResponsesService,
    private readonly background: BackgroundEndpoint,
    private readonly requests: PaidRequests,
    private readonly answers: PaidAnswers,
    private readonly stored: StoredResponseEndpoint,
  ) {}

  async create(
    caller: Caller,
    request: IncomingMessage,
    response: ServerResponse,
    presenters: ResponsePresenters,
  ): Promise<void> {
    const exchange = { request, response };
    const received = await this.requests.receive(caller, exchange, parseResponsesRequest);
    const { parsed, origin, earlier } = received;
    if (earlier) return this.repeat(earlier, response, presenters);
    if (caller.buyer) refuseWithoutKey(parsed, caller.buyer);
    const left = whenLeft(response);
    const command = await this.requests.keyFirst(caller, () =>
      this.responses.command(parsed, { origin, left }),
    );
    try {
      const agreed = await this.requests.agree(caller, exchange, received, () =>
        this.responses.offerOf(command),
      );
      if (agreed.earlier) return await this.repeat(agreed.earlier, response, presenters);
      const paid = { ...command, call: { ...command.call, origin: agreed.origin } };
      await this.answer(paid, { response, presenters, once: agreed.once });
    } finally {
      command.run.abandon();
    }
  }

  private answer(command: ResponseCommand, answering: Answering): Promise<void> {
    const { response, presenters, once } = answering;
    const { background, stream } = command.request;
    if (background) return this.background.answer(command, answering);
    const run: Run<RunEvent> = (demand, call) => this.responses.create(command, demand, call);
    return stream
      ? this.answers.stream(response, once, run, presenters.stream(command))
      : this.answers.whole(response, once, run, presenters.body(command));
  }

  private async repeat(
    { accountId, responseId, answer }: Earlier,
    response: ServerResponse,
    presenters: ResponsePresenters,
  ): Promise<void> {
    if (answer.kind !== 'followed') return this.answers.repeat(response, answer);
    return this.stored.replay(accountId, responseId, response, presenters);
  }
}
