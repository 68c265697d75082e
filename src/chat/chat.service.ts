import { Injectable } from '@nestjs/common';
import { defer, finalize, identity, tap, type Observable } from 'rxjs';
import { ResponseRecords } from '../providers/calls/response-records.js';
import { TextCalls, type TextCall } from '../providers/calls/text-calls.js';
import type { CallOrigin } from '../payments/charged-work.js';
import type { OnceCall } from '../payments/once/recorded-answer.js';
import type { Offer } from '../payments/x402/purchase.js';
import type { Outcome } from '../payments/outcome.js';
import { readChat } from '../text/chat-wire/read-chat.js';
import type { TextEvent } from '../text/text-event.js';
import type { Demand } from '../streaming/demand.js';
import type { ChatRequest } from './chat-request.js';
import { CompletionRecord } from './stored/completion-record.js';

/** A chat request that has been checked against the catalog and priced. */
export interface ChatCommand {
  readonly request: ChatRequest;
  readonly call: TextCall;
}

@Injectable()
export class ChatService {
  constructor(
    private readonly calls: TextCalls,
    private readonly records: ResponseRecords,
  ) {}

  /** @throws GatewayError for an unknown model, or an option without a price. */
  command(request: ChatRequest, origin: CallOrigin): ChatCommand {
    const { stream, outputCapTokens } = request;
    const resolved = this.calls.resolve(request.model);
    const prompt = { ...readChat(request.body), chatBody: request.body };
    const call = this.calls.prepare({ resolved, prompt, stream, outputCapTokens }, origin);
    return { request, call };
  }

  offerOf({ call }: ChatCommand): Offer {
    return this.calls.offerOf(call);
  }

  /** Cold. */
  complete({ call, request }: ChatCommand, demand: Demand, once?: OnceCall): Observable<Outcome<TextEvent>> {
    if (!request.store) return this.calls.run(call, { demand, shape: identity, once });
    return defer(() => {
      const { responseId, createdSeconds } = call;
      const response = this.records.recordOf(call, request.body);
      const record = new CompletionRecord(
        { responseId, createdSeconds, model: request.model },
        request.body,
        response,
      );
      return this.calls
        .run(call, { demand, shape: tap(record.observe), record, once, cancelled: response.running() })
        .pipe(finalize(() => response.done()));
    });
  }
}
