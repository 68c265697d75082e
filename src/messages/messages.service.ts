import { Injectable, Logger } from '@nestjs/common';
import { identity, type Observable } from 'rxjs';
import { newId } from '../base/ids.js';
import type { CallOrigin } from '../payments/charged-work.js';
import type { OnceCall } from '../payments/once/recorded-answer.js';
import type { Outcome } from '../payments/outcome.js';
import type { Offer } from '../payments/x402/purchase.js';
import { countInput } from '../providers/calls/count-input.js';
import { TextCalls, type TextCall } from '../providers/calls/text-calls.js';
import type { Demand } from '../streaming/demand.js';
import type { TextEvent } from '../text/text-event.js';
import { toPrompt } from './bridge/to-prompt.js';
import { ToolNames } from './bridge/tool-names.js';
import { catalogName, type MessagesRequest } from './request/messages-request.js';

/** A request for a Message that has been checked against the catalog and priced. */
export interface MessagesCommand {
  readonly request: MessagesRequest;
  readonly call: TextCall;
  readonly names: ToolNames;
}

@Injectable()
export class MessagesService {
  private readonly logger = new Logger(MessagesService.name);

  constructor(private readonly calls: TextCalls) {}

  /** @throws GatewayError for an unknown model, a tool that cannot run, or an option without a price. */
  command(request: MessagesRequest, origin: CallOrigin): MessagesCommand {
    const resolved = this.calls.resolve(catalogName(request));
    const names = new ToolNames();
    const { prompt, leftOut } = toPrompt(request.body, names);
    const { requestId } = origin;
    if (leftOut.length > 0)
      this.logger.debug({ msg: 'tools that only Anthropic has are left out', requestId, types: leftOut });
    const takesEffort = resolved.model.reasoningEfforts !== undefined;
    const call = this.calls.prepare(
      {
        resolved,
        // Clients ask every model for an effort; one that lists none may refuse it.
        prompt: takesEffort ? prompt : { ...prompt, reasoningEffort: undefined },
        stream: request.stream,
        outputCapTokens: request.maxTokens,
        toClientParam: nowhere,
      },
      origin,
      newId('msg'),
    );
    return { request, call, names };
  }

  offerOf({ call }: MessagesCommand): Offer {
    return this.calls.offerOf(call);
  }

  /** Cold. */
  run({ call }: MessagesCommand, demand: Demand, once?: OnceCall): Observable<Outcome<TextEvent>> {
    return this.calls.run(call, { demand, shape: identity, once });
  }

  /** Input tokens, counted here. @throws GatewayError as `command` does */
  async count(request: MessagesRequest): Promise<number> {
    const resolved = this.calls.resolve(catalogName(request));
    const { prompt } = toPrompt(request.body, new ToolNames());
    return countInput(resolved, prompt);
  }
}

/** Fields of other wires have other names here. */
function nowhere(): undefined {
  return undefined;
}
