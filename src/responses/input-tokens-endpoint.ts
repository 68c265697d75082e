import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { countInput } from '../generation/count-input.js';
import { TextCalls } from '../generation/text-calls.js';
import type { Caller } from '../http/caller.js';
import { KeyCheck } from '../http/key-check.js';
import { MAX_BODY_BYTES } from '../http/max-body-bytes.js';
import { receivePaidRequest } from '../http/receive.js';
import { ContextReader } from './context-reader.js';
import { parseResponsesRequest } from './responses-request.js';

/** What both surfaces do with `POST …/responses/input_tokens`: it takes a live key, and no money. */
@Injectable()
export class InputTokensEndpoint {
  constructor(
    private readonly contexts: ContextReader,
    private readonly calls: TextCalls,
    private readonly keys: KeyCheck,
    @Inject(MAX_BODY_BYTES) private readonly maxBytes: number,
  ) {}

  async count(caller: Caller, request: IncomingMessage): Promise<object> {
    const parsed = await receivePaidRequest(request, caller, this.keys, parseResponsesRequest, {
      maxBytes: this.maxBytes,
    });
    // No hold comes that would check it.
    await this.keys.check(caller.keyHash);
    const resolved = this.calls.resolve(parsed.model);
    const { keyHash } = caller;
    const { chat } = await this.contexts.read({ request: parsed, resolved, keyHash });
    return {
      object: 'response.input_tokens',
      input_tokens: await countInput(resolved, chat),
    };
  }
}
