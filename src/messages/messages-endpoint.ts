import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Caller } from '../http/caller.js';
import { FreeBodies } from '../http/free-bodies.js';
import { PaidRequests } from '../http/paid-requests.js';
import type { OnceKey } from '../payments/once/once-key.js';
import { PaidAnswers, type Run } from '../payments/once/paid-answers.js';
import type { TextEvent } from '../text/text-event.js';
import { CountingLimit } from './counting-limit.js';
import { MessagesService, type CountedInput, type MessagesCommand } from './messages.service.js';
import type { MessagePresenters } from './presenter/message-presenters.js';
import { parseCountRequest, parseMessagesRequest } from './request/messages-request.js';

/** `POST …/messages` and its counting, of both surfaces; only their presenters differ. */
@Injectable()
export class MessagesEndpoint {
  private readonly counting = new CountingLimit(() => performance.now());

  constructor(
    private readonly messages: MessagesService,
    private readonly requests: PaidRequests,
    private readonly bodies: FreeBodies,
    private readonly answers: PaidAnswers,
  ) {}

  async create(
    caller: Caller,
    request: IncomingMessage,
    response: ServerResponse,
    presenters: MessagePresenters,
  ): Promise<void> {
    const exchange = { request, response };
    const received = await this.requests.receive(caller, exchange, parseMessagesRequest);
    const { parsed, earlier } = received;
    if (earlier) return this.answers.repeat(response, earlier.answer);
    const asked = await this.requests.keyFirst(caller, () =>
      this.messages.command(parsed, received.origin, wireHeaders(request)),
    );
    if (parsed.maxTokens === 0 && !asked.isSameWire) {
      await this.requests.admitFree(caller);
      return this.show(response, { run: () => this.messages.warm(), once: undefined }, asked, presenters);
    }
    const agreed = await this.requests.agree(caller, exchange, received, () => this.messages.offerOf(asked));
    if (agreed.earlier) return this.answers.repeat(response, agreed.earlier.answer);
    const command = { ...asked, call: { ...asked.call, origin: agreed.origin } };
    const run: Run<TextEvent> = (demand, call) => this.messages.run(command, demand, call);
    return this.show(response, { run, once: agreed.once }, command, presenters);
  }

  private show(
    response: ServerResponse,
    { run, once }: { readonly run: Run<TextEvent>; readonly once: OnceKey | undefined },
    command: MessagesCommand,
    presenters: MessagePresenters,
  ): Promise<void> {
    return command.request.stream
      ? this.answers.stream(response, once, run, presenters.stream(command))
      : this.answers.whole(response, once, run, presenters.body(command));
  }

  /** Needs a live key and costs nothing. */
  async count(caller: Caller, request: IncomingMessage): Promise<CountedInput> {
    const { body, key } = await this.bodies.receive(caller, request, this.counting);
    const { requestId } = caller;
    return this.messages.count(parseCountRequest(body), { key, requestId, headers: wireHeaders(request) });
  }
}

/** What goes up to an upstream of the same wire; every other header stays here. */
function wireHeaders({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const names = ['anthropic-version', 'anthropic-beta'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers[name];
      return value === undefined || value === '' ? [] : [[name, String(value)]];
    }),
  );
}
