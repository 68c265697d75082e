import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { concat, lastValueFrom, of } from 'rxjs';
import type { Caller } from '../http/caller.js';
import { whenLeft } from '../http/client-left.js';
import { PaidRequests } from '../http/paid-requests.js';
import type { OnceKey } from '../payments/once/once-key.js';
import type { Earlier } from '../payments/once/once.js';
import { acceptedOnce, PaidAnswers, type Run } from '../payments/once/paid-answers.js';
import { ResponseWriter } from '../streaming/response-writer.js';
import { BackgroundRuns } from './background/background-runs.js';
import { FollowResponses } from './background/follow.js';
import type { ResponsePresenters } from './presenter/response-presenters.js';
import type { RunEvent } from './response-run.js';
import { parseResponsesRequest } from './responses-request.js';
import { ResponsesService, type ResponseCommand } from './responses.service.js';
import { StoredResponseEndpoint } from './stored-response-endpoint.js';
import { StoredResponses } from './stored-responses.service.js';

/** The answer to one request, as one surface shows it. */
interface Answering {
  readonly response: ServerResponse;
  readonly presenters: ResponsePresenters;
  readonly once: OnceKey | undefined;
}

/** What both surfaces do with `POST …/responses`; they differ in their presenters alone. */
@Injectable()
export class ResponsesEndpoint {
  constructor(
    private readonly responses: ResponsesService,
    private readonly background: BackgroundRuns,
    private readonly follow: FollowResponses,
    private readonly requests: PaidRequests,
    private readonly answers: PaidAnswers,
    private readonly writer: ResponseWriter,
    private readonly storedResponses: StoredResponses,
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
    const { parsed, payer, once, earlier } = received;
    if (earlier) return this.repeat(earlier, response, presenters);
    const left = whenLeft(response);
    const command = await this.requests.keyFirst(caller, () =>
      this.responses.command(parsed, { payer, left }),
    );
    try {
      await this.answer(command, { response, presenters, once });
    } finally {
      command.run.abandon();
    }
  }

  private answer(command: ResponseCommand, answering: Answering): Promise<void> {
    const { response, presenters, once } = answering;
    const { background, stream } = command.request;
    if (background)
      return stream ? this.acceptAndFollow(command, answering) : this.accept(command, answering);
    const run: Run<RunEvent> = (demand, call) => this.responses.create(command, demand, call);
    return stream
      ? this.answers.stream(response, once, run, presenters.stream(command))
      : this.answers.whole(response, once, run, presenters.body(command));
  }

  /** The run outlives this connection: the client is told that it was accepted. */
  private accept(command: ResponseCommand, { response, presenters, once }: Answering): Promise<void> {
    const kept = presenters.accepted(command);
    const call = once && acceptedOnce(once, { kind: 'whole', headers: kept.headers(), content: kept.body() });
    const accepted = this.background.accept(command, call);
    return this.writer.whole(response, () => accepted, presenters.accepted(command));
  }

  /** The run outlives this connection: its client follows it like any other. */
  private async acceptAndFollow(
    command: ResponseCommand,
    { response, presenters, once }: Answering,
  ): Promise<void> {
    const { responseId } = command.call;
    const presenter = presenters.followed(responseId);
    const call = once && acceptedOnce(once, { kind: 'followed', headers: {}, content: '' });
    const admission = await lastValueFrom(this.background.accept(command, call));
    const { account } = admission.admission;
    return this.writer.stream(
      response,
      (demand) => concat(of(admission), this.follow.follow(account, responseId, -1, demand)),
      presenter,
    );
  }

  private async repeat(
    { accountId, responseId, answer }: Earlier,
    response: ServerResponse,
    presenters: ResponsePresenters,
  ): Promise<void> {
    if (answer.kind !== 'followed') return this.answers.repeat(response, answer);
    const stored = await this.storedResponses.find(accountId, responseId);
    return this.stored.stream({ accountId, stored, startingAfter: undefined }, response, presenters);
  }
}
