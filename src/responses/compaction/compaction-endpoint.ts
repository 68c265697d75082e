import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Caller } from '../../http/caller.js';
import { PaidRequests } from '../../http/paid-requests.js';
import { PaidAnswers } from '../../payments/once/paid-answers.js';
import { withReceiptInBody } from '../../payments/with-receipts.js';
import { refuseWithoutKey } from '../refuse-without-key.js';
import { CompactionPresenter } from './compaction-presenter.js';
import { parseCompactionRequest } from './compaction-request.js';
import { CompactionService } from './compaction.service.js';

/** `POST …/responses/compact` of both surfaces; the native one adds its receipt. */
@Injectable()
export class CompactionEndpoint {
  constructor(
    private readonly compaction: CompactionService,
    private readonly requests: PaidRequests,
    private readonly answers: PaidAnswers,
  ) {}

  async compact(caller: Caller, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = { request, response };
    const received = await this.requests.receive(caller, exchange, parseCompactionRequest);
    const { parsed, origin, earlier } = received;
    if (earlier) return this.answers.repeat(response, earlier.answer);
    if (caller.buyer) refuseWithoutKey(parsed, caller.buyer);
    const { call, kept } = await this.requests.keyFirst(caller, () =>
      this.compaction.command(parsed, origin),
    );
    const agreed = await this.requests.agree(caller, exchange, received, () => this.compaction.offerOf(call));
    if (agreed.earlier) return this.answers.repeat(response, agreed.earlier.answer);
    const presenter = new CompactionPresenter(call, kept);
    await this.answers.whole(
      response,
      agreed.once,
      (demand, once) => this.compaction.compact({ ...call, origin: agreed.origin }, demand, once),
      caller.surface === 'native' ? withReceiptInBody(presenter, call.responseId) : presenter,
    );
  }
}
