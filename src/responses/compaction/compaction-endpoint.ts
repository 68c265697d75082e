import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Caller } from '../../http/caller.js';
import { PaidRequests } from '../../http/paid-requests.js';
import { PaidAnswers } from '../../payments/once/paid-answers.js';
import { withReceiptInBody } from '../../payments/with-receipts.js';
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
    const { parsed, origin, once, earlier } = await this.requests.receive(
      caller,
      { request, response },
      parseCompactionRequest,
    );
    if (earlier) return this.answers.repeat(response, earlier.answer);
    const command = await this.requests.keyFirst(caller, () => this.compaction.command(parsed, origin));
    const presenter = new CompactionPresenter(command);
    await this.answers.whole(
      response,
      once,
      (demand, call) => this.compaction.compact(command, demand, call),
      caller.surface === 'native' ? withReceiptInBody(presenter, command.call.responseId) : presenter,
    );
  }
}
