import type { IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { concat, lastValueFrom, of } from 'rxjs';
import { GatewayError } from '../errors/gateway-error.js';
import type { Caller } from '../http/caller.js';
import { KeyCheck } from '../http/key-check.js';
import { MAX_BODY_BYTES } from '../http/max-body-bytes.js';
import { receivePaidRequest } from '../http/receive.js';
import { Networks } from '../payments/networks.js';
import { BackgroundRuns } from './background/background-runs.js';
import { FollowResponses } from './background/follow.js';
import { whenLeft } from './client-leaves.js';
import { ResponseWriter } from '../streaming/response-writer.js';
import type { ResponsePresenters } from './presenter/response-presenters.js';
import { ResponsesService, type ParsedResponse, type ResponseCommand } from './responses.service.js';

/** What both surfaces do with `POST …/responses`; they differ in their presenters alone. */
@Injectable()
export class ResponsesEndpoint {
  constructor(
    private readonly responses: ResponsesService,
    private readonly background: BackgroundRuns,
    private readonly follow: FollowResponses,
    private readonly keys: KeyCheck,
    private readonly networks: Networks,
    private readonly writer: ResponseWriter,
    @Inject(MAX_BODY_BYTES) private readonly maxBytes: number,
  ) {}

  async create(
    caller: Caller,
    request: IncomingMessage,
    response: ServerResponse,
    presenters: ResponsePresenters,
  ): Promise<void> {
    const parsed = await receivePaidRequest(
      request,
      caller,
      this.keys,
      (body) => {
        const payer = { ...caller, chainId: this.networks.chainIdOf(caller.chainId) };
        return this.responses.parse(body, payer);
      },
      { maxBytes: this.maxBytes },
    );
    const command = await this.commandOrRefuse(parsed, whenLeft(response));
    try {
      await this.answer(command, response, presenters);
    } finally {
      command.run.abandon();
    }
  }

  private answer(
    command: ResponseCommand,
    response: ServerResponse,
    presenters: ResponsePresenters,
  ): Promise<void> {
    if (command.request.background) return this.accept(command, response, presenters);
    return command.request.stream
      ? this.writer.stream(
          response,
          (demand) => this.responses.create(command, demand),
          presenters.stream(command),
        )
      : this.writer.whole(
          response,
          (demand) => this.responses.create(command, demand),
          presenters.body(command),
        );
  }

  /** The run outlives this connection: the client is told that it was accepted, or follows it like any other. */
  private async accept(
    command: ResponseCommand,
    response: ServerResponse,
    presenters: ResponsePresenters,
  ): Promise<void> {
    const accepted = this.background.accept(command);
    if (!command.request.stream)
      return this.writer.whole(response, () => accepted, presenters.accepted(command));
    const { responseId } = command.call;
    const admission = await lastValueFrom(accepted);
    const { account } = admission.admission;
    return this.writer.stream(
      response,
      (demand) => concat(of(admission), this.follow.follow(account, responseId, -1, demand)),
      presenters.followed(responseId),
    );
  }

  /** A bad key is told before anything that is wrong with what it asks for. */
  private async commandOrRefuse(parsed: ParsedResponse, left: AbortSignal): Promise<ResponseCommand> {
    try {
      return await this.responses.command(parsed, undefined, left);
    } catch (failure) {
      if (failure instanceof GatewayError) await this.keys.check(parsed.payer.keyHash);
      throw failure;
    }
  }
}
