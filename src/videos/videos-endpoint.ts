import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import type { Caller } from '../http/caller.js';
import { whenLeft } from '../http/client-left.js';
import { PaidRequests, type PaidRequest } from '../http/paid-requests.js';
import { budgetFields } from '../payments/compose-headers.js';
import { KeyAuthenticator } from '../payments/keys/key-authenticator.js';
import type { KeptAnswer } from '../payments/once/idempotency-store.js';
import { inFlight, Once, type Earlier } from '../payments/once/once.js';
import { PaidAnswers } from '../payments/once/paid-answers.js';
import type { HeaderFields } from '../streaming/presenter.js';
import type { VideoJob } from './domain/video-job.js';
import { VideoCommands, type VideoCommand } from './video-command.js';
import { VideoImages } from './video-images.js';
import { VideoPresenter } from './video-presenter.js';
import { parseGeneration, parseOpenAiVideo, parseRemix } from './video-request.js';
import { VideoSubmissions } from './video-submissions.js';
import { Videos } from './videos.service.js';

interface Asked<Parsed> {
  readonly received: PaidRequest<Parsed>;
  readonly caller: Caller;
  readonly response: ServerResponse;
  /** Of the answer. */
  readonly status: number;
}

const NEVER = new AbortController().signal;

/** What both surfaces do with the routes that make videos. */
@Injectable()
export class VideosEndpoint {
  constructor(
    private readonly commands: VideoCommands,
    private readonly images: VideoImages,
    private readonly submissions: VideoSubmissions,
    private readonly videos: Videos,
    private readonly presenter: VideoPresenter,
    private readonly authenticator: KeyAuthenticator,
    private readonly requests: PaidRequests,
    private readonly answers: PaidAnswers,
    private readonly once: Once,
  ) {}

  /** `POST …/videos/generations` */
  async generate(caller: Caller, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = await this.requests.receive(caller, { request, response }, parseGeneration);
    await this.answer({ received, caller, response, status: 202 }, ({ parsed, payer }) =>
      this.commands.command(parsed, payer),
    );
  }

  /** `POST …/videos` */
  async create(caller: Caller, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = await this.requests.receiveForm(caller, { request, response }, ({ fields, files }) =>
      parseOpenAiVideo(fields, files.get('input_reference')),
    );
    await this.answer({ received, caller, response, status: 200 }, ({ parsed, payer }) =>
      this.commands.command(parsed, payer),
    );
  }

  /** `POST …/videos/{id}/remix` */
  async remix(caller: Caller, id: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { accountId } = await this.authenticator.authenticate(caller);
    const received = await this.requests.receiveForm(caller, { request, response }, ({ fields }) =>
      parseRemix(fields),
    );
    await this.answer({ received, caller, response, status: 200 }, async ({ parsed, payer }) => {
      const { request: asked, source } = await this.videos.remixOf(accountId, id, parsed);
      return this.commands.command(asked, payer, source);
    });
  }

  private async answer<Parsed>(
    { received, caller, response, status }: Asked<Parsed>,
    commandFor: (received: PaidRequest<Parsed>) => VideoCommand | Promise<VideoCommand>,
  ): Promise<void> {
    const { earlier, once } = received;
    if (earlier) return this.repeat(earlier, caller, response);
    // A client with an Idempotency-Key can come back for the answer.
    const gone = once ? NEVER : whenLeft(response);
    const { command, image } = await this.requests.keyFirst(caller, async () => {
      const command = await commandFor(received);
      return { command, image: await this.images.sourceOf(command, gone) };
    });
    const { job, grant } = await this.submissions
      .submit(command, image, { gone, once: once && { ...once, status } })
      .catch((failure: unknown) => this.counted(failure, caller));
    const headers = caller.surface === 'native' ? budgetFields(grant.budget) : {};
    const answer = this.shown(job, caller, { status, headers });
    if (once) await this.once.keep(job.id, answer);
    return this.answers.repeat(response, answer);
  }

  /** A submission of an account without room does not get to the key's row, so its key's rate limit counts it here. */
  private async counted(failure: unknown, caller: Caller): Promise<never> {
    if (failure instanceof GatewayError && failure.code === 'storage_limit_exceeded')
      await this.authenticator.check(caller);
    throw failure;
  }

  private async repeat(
    { accountId, responseId, answer }: Earlier,
    caller: Caller,
    response: ServerResponse,
  ): Promise<void> {
    if (answer.kind === 'whole') return this.answers.repeat(response, answer);
    const { shown } = await this.videos.find(accountId, responseId).catch((failure: unknown) => {
      // What is deleted is not a job any more: this one's provider refused it just now, and its record goes with it.
      throw failure instanceof GatewayError && failure.code === 'video_not_found' ? inFlight() : failure;
    });
    if (shown.status === 'submitting') throw inFlight();
    return this.answers.repeat(response, this.shown(shown, caller, answer));
  }

  private shown(
    job: VideoJob,
    { surface }: Caller,
    { status, headers }: { readonly status: number; readonly headers: HeaderFields },
  ): KeptAnswer {
    const content = JSON.stringify(this.presenter.video(job, surface));
    return { kind: 'whole', status, headers, content };
  }
}
