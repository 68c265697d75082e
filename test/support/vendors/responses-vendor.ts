import type { JsonObject } from '../../../src/base/json.js';
import { objectsIn } from '../../../src/base/json-fields.js';
import { responsesProblem } from '../responses-judge.js';
import {
  answersResponse,
  callItem,
  messageItem,
  reasoningItem,
  refusesResponse,
  textPart,
} from '../responses-wire.js';
import type { Exchange } from '../scripted-upstream.js';
import { textIn } from '../talks/talk.js';
import { type Made, Vendor } from './vendor.js';

/** OpenAI's Responses, which keep nothing. */
export class ResponsesVendor extends Vendor {
  override readonly provider: JsonObject = { type: 'openai', profile: 'openai', wires: ['responses'] };
  override readonly upstreamModel = 'gpt-5.5-pro';

  protected problemOf({ request: { body, path } }: Exchange): string | undefined {
    const items = objectsIn(body['input']);
    const reasoning = items.filter(({ type }) => type === 'reasoning');
    if (!reasoning.every((item) => this.thoughts.has(textIn(item['encrypted_content']))))
      return 'The encrypted content could not be verified.';
    const given = new Set(reasoning.map((item) => item['encrypted_content']));
    for (const { type, arguments: text } of items) {
      if (type !== 'function_call') continue;
      const own = this.ownAnswer((JSON.parse(textIn(text)) as { at?: unknown }).at);
      if (own && !given.has(own.signature)) return 'a call of its own without the reasoning before it';
    }
    return responsesProblem(body, path);
  }

  protected refuse(message: string, exchange: Exchange): void {
    const code = message.includes('encrypted') ? 'invalid_encrypted_content' : null;
    void refusesResponse(400, { message, code })(exchange);
  }

  protected say({ calls, thought, signature, text }: Made, exchange: Exchange): void {
    void answersResponse([
      reasoningItem(signature, thought),
      ...(text === '' ? [] : [messageItem(textPart(text))]),
      ...calls.map(({ id, name, at }) => callItem(id, name, JSON.stringify({ at }))),
    ])(exchange);
  }

  protected idOf(number: number): string {
    return `call_${String(number).padStart(24, 'r')}`;
  }
}
