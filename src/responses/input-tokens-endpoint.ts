import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { countInput } from '../providers/calls/count-input.js';
import { TextCalls } from '../providers/calls/text-calls.js';
import type { Caller } from '../http/caller.js';
import { FreeBodies } from '../http/free-bodies.js';
import { ContextReader } from './context-reader.js';
import { parseResponsesRequest } from './responses-request.js';

/** `POST …/responses/input_tokens` of both surfaces: needs a live key and costs nothing. */
@Injectable()
export class InputTokensEndpoint {
  constructor(
    private readonly contexts: ContextReader,
    private readonly calls: TextCalls,
    private readonly bodies: FreeBodies,
  ) {}

  async count(caller: Caller, request: IncomingMessage): Promise<object> {
    const { body } = await this.bodies.receive(caller, request);
    const parsed = parseResponsesRequest(body);
    const resolved = this.calls.resolve(parsed.model);
    const { payer } = caller;
    const { prompt } = await this.contexts.read({ request: parsed, resolved, payer });
    return {
      object: 'response.input_tokens',
      input_tokens: await countInput(resolved, prompt),
    };
  }
}
