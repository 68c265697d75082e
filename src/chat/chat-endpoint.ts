import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Caller } from '../http/caller.js';
import { PaidRequests } from '../http/paid-requests.js';
import { PaidAnswers, type Run } from '../payments/once/paid-answers.js';
import type { Outcome } from '../payments/outcome.js';
import type { TextEvent } from '../text/text-event.js';
import type { BodyPresenter, StreamPresenter } from '../streaming/presenter.js';
import { parseChatRequest } from './chat-request.js';
import { ChatService, type ChatCommand } from './chat.service.js';

/** How one surface shows chat outcomes. */
export interface ChatPresenters {
  readonly stream: (command: ChatCommand) => StreamPresenter<Outcome<TextEvent>>;
  readonly body: (command: ChatCommand) => BodyPresenter<Outcome<TextEvent>>;
}

/** `POST …/chat/completions` of both surfaces; only their presenters differ. */
@Injectable()
export class ChatEndpoint {
  constructor(
    private readonly chat: ChatService,
    private readonly requests: PaidRequests,
    private readonly answers: PaidAnswers,
  ) {}

  /** @param model the model that the address names; it replaces the body's */
  async create(
    caller: Caller,
    request: IncomingMessage,
    response: ServerResponse,
    presenters: ChatPresenters,
    model?: string,
  ): Promise<void> {
    const exchange = { request, response };
    const received = await this.requests.receive(caller, exchange, (body) =>
      parseChatRequest(model === undefined ? body : { ...body, model }),
    );
    const { parsed, earlier } = received;
    if (earlier) return this.answers.repeat(response, earlier.answer);
    const asked = await this.requests.keyFirst(caller, () => this.chat.command(parsed, received.origin));
    const agreed = await this.requests.agree(caller, exchange, received, () => this.chat.offerOf(asked));
    if (agreed.earlier) return this.answers.repeat(response, agreed.earlier.answer);
    const command = { ...asked, call: { ...asked.call, origin: agreed.origin } };
    const { once } = agreed;
    const run: Run<TextEvent> = (demand, call) => this.chat.complete(command, demand, call);
    await (parsed.stream
      ? this.answers.stream(response, once, run, presenters.stream(command))
      : this.answers.whole(response, once, run, presenters.body(command)));
  }
}
