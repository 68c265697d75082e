import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Account } from '../http/account-guard.js';
import type { Caller } from '../http/caller.js';
import { whenLeft } from '../http/client-left.js';
import { PaidRequests, type Exchange, type PaidRequest } from '../http/paid-requests.js';
import { VideoAnswers } from './video-answers.js';
import { offerOf, VideoCommands, type RemixSource } from './video-command.js';
import { parseGeneration, parseOpenAiVideo, parseRemix, type VideoRequest } from './video-request.js';
import { VideoSubmissions } from './video-submissions.js';
import { Videos } from './videos.service.js';

interface Asked<Parsed> {
  readonly received: PaidRequest<Parsed>;
  readonly caller: Caller;
  readonly exchange: Exchange;
  /** HTTP status of the answer. */
  readonly status: number;
}

interface Wanted {
  readonly request: VideoRequest;
  readonly source?: RemixSource;
}

/** A request to remix a video of the account. */
interface RemixCall {
  readonly caller: Caller;
  readonly account: Account;
  readonly id: string;
}

const NEVER = new AbortController().signal;

/** Routes that make videos, shared by both surfaces. */
@Injectable()
export class VideosEndpoint {
  constructor(
    private readonly commands: VideoCommands,
    private readonly submissions: VideoSubmissions,
    private readonly videos: Videos,
    private readonly requests: PaidRequests,
    private readonly answers: VideoAnswers,
  ) {}

  /** `POST …/videos/generations` */
  async generate(caller: Caller, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = { request, response };
    const received = await this.requests.receive(caller, exchange, parseGeneration);
    await this.answer({ received, caller, exchange, status: 202 }, (parsed) => ({ request: parsed }));
  }

  /** `POST …/videos` */
  async create(caller: Caller, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = { request, response };
    const received = await this.requests.receiveForm(caller, exchange, ({ fields, files }) =>
      parseOpenAiVideo(fields, files.get('input_reference')),
    );
    await this.answer({ received, caller, exchange, status: 200 }, (parsed) => ({ request: parsed }));
  }

  /** `POST …/videos/{id}/remix` */
  async remix(
    { caller, account, id }: RemixCall,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const exchange = { request, response };
    const received = await this.requests.receiveForm(caller, exchange, ({ fields }) => parseRemix(fields));
    await this.answer({ received, caller, exchange, status: 200 }, (parsed) =>
      this.videos.remixOf(account.id, id, parsed),
    );
  }

  private async answer<Parsed>(
    { received, caller, exchange, status }: Asked<Parsed>,
    wantedBy: (parsed: Parsed) => Wanted | Promise<Wanted>,
  ): Promise<void> {
    const { parsed, origin, earlier } = received;
    const { response } = exchange;
    const { surface } = caller;
    if (earlier) return this.answers.repeated(earlier, { response, surface });
    // A client with an Idempotency-Key, or with a payment, can come back for its answer.
    const gone = received.once || caller.buyer ? NEVER : whenLeft(response);
    const prepared = await this.requests.keyFirst(caller, async () => {
      const { request, source } = await wantedBy(parsed);
      return this.commands.prepare(request, { origin, gone }, source);
    });
    const agreed = await this.requests.agree(caller, exchange, received, () => offerOf(prepared.command));
    if (agreed.earlier) return this.answers.repeated(agreed.earlier, { response, surface });
    const { once } = agreed;
    const command = { ...prepared.command, origin: agreed.origin };
    const submitted = await this.submissions.submit(
      { ...prepared, command },
      { gone, once: once && { ...once, status } },
    );
    const { payment } = agreed.origin;
    return this.answers.submitted(submitted, { response, surface, status, once, payment });
  }
}
