import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { concat, concatMap, of } from 'rxjs';
import type { OnceKey } from '../../payments/once/once-key.js';
import { acceptedOnce } from '../../payments/once/paid-answers.js';
import type { Demand } from '../../streaming/demand.js';
import { ResponseWriter } from '../../streaming/response-writer.js';
import type { ResponsePresenters } from '../presenter/response-presenters.js';
import type { ResponseCommand } from '../responses.service.js';
import { BackgroundRuns } from './background-runs.js';
import { FollowResponses } from './follow.js';

/** The answer to one request, as one surface shows it. */
export interface Answering {
  readonly response: ServerResponse;
  readonly presenters: ResponsePresenters;
  readonly once: OnceKey | undefined;
}

/** Requests for responses that run in the background. */
@Injectable()
export class BackgroundEndpoint {
  constructor(
    private readonly runs: BackgroundRuns,
    private readonly follow: FollowResponses,
    private readonly writer: ResponseWriter,
  ) {}

  answer(command: ResponseCommand, answering: Answering): Promise<void> {
    return command.request.stream
      ? this.acceptAndFollow(command, answering)
      : this.accept(command, answering);
  }

  /** The run outlives this connection: the client only learns that the response was accepted. */
  private accept(command: ResponseCommand, { response, presenters, once }: Answering): Promise<void> {
    const kept = presenters.accepted(command);
    const call = once && acceptedOnce(once, { kind: 'whole', headers: kept.headers(), content: kept.body() });
    const accepted = this.runs.accept(command, call);
    return this.writer.whole(response, () => accepted, presenters.accepted(command));
  }

  /** The run outlives this connection: the client follows its log like any other client. */
  private acceptAndFollow(
    command: ResponseCommand,
    { response, presenters, once }: Answering,
  ): Promise<void> {
    const { responseId } = command.call;
    const call = once && acceptedOnce(once, { kind: 'followed', headers: {}, content: '' });
    const open = (demand: Demand) =>
      this.runs.accept(command, call).pipe(
        concatMap((admitted) => {
          const { account } = admitted.admission;
          return concat(of(admitted), this.follow.follow(account, responseId, -1, demand));
        }),
      );
    return this.writer.stream(response, open, presenters.followed(responseId));
  }
}
