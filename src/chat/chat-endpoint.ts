import type { IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '../http/caller.js';
import { KeyCheck } from '../http/key-check.js';
import { MAX_BODY_BYTES } from '../http/max-body-bytes.js';
import { receivePaidRequest } from '../http/receive.js';
import { Networks } from '../payments/networks.js';
import type { Outcome } from '../payments/outcome.js';
import type { TextEvent } from '../providers/text/text-event.js';
import type { BodyPresenter, StreamPresenter } from '../streaming/presenter.js';
import { ResponseWriter } from '../streaming/response-writer.js';
import { ChatService, type ChatCommand } from './chat.service.js';

/** How one surface shows chat outcomes. */
export interface ChatPresenters {
  readonly stream: (command: ChatCommand) => StreamPresenter<Outcome<TextEvent>>;
  readonly body: (command: ChatCommand) => BodyPresenter<Outcome<TextEvent>>;
}

/** What both surfaces do with `POST …/chat/completions`; they differ in their presenters alone. */
@Injectable()
export class ChatEndpoint {
  constructor(
    private readonly chat: ChatService,
    private readonly keys: KeyCheck,
    private readonly networks: Networks,
    private readonly writer: ResponseWriter,
    @Inject(MAX_BODY_BYTES) private readonly maxBytes: number,
  ) {}

  async create(
    caller: Caller,
    request: IncomingMessage,
    response: ServerResponse,
    presenters: ChatPresenters,
  ): Promise<void> {
    const command = await receivePaidRequest(
      request,
      caller,
      this.keys,
      (body) => this.chat.command(body, { ...caller, chainId: this.networks.chainIdOf(caller.chainId) }),
      { maxBytes: this.maxBytes },
    );
    await (command.request.stream
      ? this.writer.stream(
          response,
          (demand) => this.chat.complete(command, demand),
          presenters.stream(command),
        )
      : this.writer.whole(
          response,
          (demand) => this.chat.complete(command, demand),
          presenters.body(command),
        ));
  }
}
