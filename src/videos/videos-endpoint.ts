import type { IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '../http/caller.js';
import { KeyCheck } from '../http/key-check.js';
import { MAX_BODY_BYTES } from '../http/max-body-bytes.js';
import { readFormBody } from '../http/read-form-body.js';
import { readJsonBody } from '../http/read-json-body.js';
import { receivePaidBody } from '../http/receive.js';
import { budgetFields } from '../payments/compose-headers.js';
import type { Payer } from '../payments/charged-work.js';
import { KeyAuthenticator } from '../payments/keys/key-authenticator.js';
import { Networks } from '../payments/networks.js';
import { VideoCommands, type VideoCommand } from './video-command.js';
import { VideoPresenter } from './video-presenter.js';
import { parseGeneration, parseOpenAiVideo, parseRemix } from './video-request.js';
import { VideoSubmissions } from './video-submissions.js';
import { Videos } from './videos.service.js';

/** What both surfaces do with the routes that make videos. */
@Injectable()
export class VideosEndpoint {
  constructor(
    private readonly commands: VideoCommands,
    private readonly submissions: VideoSubmissions,
    private readonly videos: Videos,
    private readonly presenter: VideoPresenter,
    private readonly keys: KeyCheck,
    private readonly authenticator: KeyAuthenticator,
    private readonly networks: Networks,
    @Inject(MAX_BODY_BYTES) private readonly maxBytes: number,
  ) {}

  /** `POST …/videos/generations` */
  async generate(caller: Caller, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const command = await receivePaidBody(
      caller,
      this.keys,
      (signal) => readJsonBody(request, { maxBytes: this.maxBytes }, signal),
      (body) => this.commands.command(parseGeneration(body), this.payer(caller)),
    );
    await this.submit(command, caller, response, 202);
  }

  /** `POST …/videos` */
  async create(caller: Caller, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const command = await receivePaidBody(
      caller,
      this.keys,
      (signal) => readFormBody(request, { maxBytes: this.maxBytes }, signal),
      ({ fields, files }) =>
        this.commands.command(parseOpenAiVideo(fields, files.get('input_reference')), this.payer(caller)),
    );
    await this.submit(command, caller, response, 200);
  }

  /** `POST …/videos/{id}/remix` */
  async remix(caller: Caller, id: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { accountId } = await this.authenticator.authenticate(caller.keyHash);
    const { fields } = await readFormBody(request, { maxBytes: this.maxBytes });
    const { request: asked, source } = await this.videos.remixOf(accountId, id, parseRemix(fields));
    const command = this.commands.command(asked, this.payer(caller), source);
    await this.submit(command, caller, response, 200);
  }

  private payer(caller: Caller): Payer {
    return { ...caller, chainId: this.networks.chainIdOf(caller.chainId) };
  }

  private async submit(
    command: VideoCommand,
    { surface }: Caller,
    response: ServerResponse,
    status: number,
  ): Promise<void> {
    const { job, grant } = await this.submissions.submit(command, undefined);
    const body = JSON.stringify(this.presenter.video(job, surface));
    response.writeHead(status, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
      ...(surface === 'native' ? budgetFields(grant.budget) : {}),
    });
    response.end(body);
  }
}
