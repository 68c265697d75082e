import type { JsonObject } from '../../../src/base/json.js';
import { objectIn, objectsIn } from '../../../src/base/json-fields.js';
import { messagesProblem } from '../messages-judge.js';
import { answersMessage, refusesMessage } from '../messages-wire.js';
import type { Exchange } from '../scripted-upstream.js';
import { textIn } from '../talks/talk.js';
import { type Made, Vendor } from './vendor.js';

/** Anthropic's Messages. */
export class AnthropicVendor extends Vendor {
  override readonly provider: JsonObject = { type: 'anthropic' };
  override readonly upstreamModel = 'claude-opus-4-6';

  protected problemOf({ request }: Exchange): string | undefined {
    const problem = messagesProblem(request, this.thoughts);
    if (problem !== undefined) return problem;
    for (const { content } of objectsIn(request.body['messages'])) {
      const blocks = objectsIn(content);
      for (const { type, id, input } of blocks) {
        if (type !== 'tool_use') continue;
        if (!/^[a-zA-Z0-9_-]{1,64}$/.test(textIn(id)))
          return "String should match pattern '^[a-zA-Z0-9_-]+$'";
        const own = this.ownAnswer(objectIn(input)['at']);
        if (own && !blocks.some(({ signature }) => signature === own.signature))
          return 'a call of its own without the thinking before it';
      }
    }
    return undefined;
  }

  protected refuse(problem: string, exchange: Exchange): void {
    void refusesMessage(400, problem)(exchange);
  }

  protected override signs({ thinking }: JsonObject): boolean {
    return objectIn(thinking)['type'] === 'adaptive';
  }

  protected say({ calls, thought, signature, text }: Made, exchange: Exchange): void {
    void answersMessage([
      ...(this.thoughts.has(signature) ? [{ type: 'thinking', thinking: thought, signature }] : []),
      ...(text === '' ? [] : [{ type: 'text', text }]),
      ...calls.map(({ id, name, at }) => ({ type: 'tool_use', id, name, input: { at } })),
    ])(exchange);
  }

  protected idOf(number: number): string {
    return `toolu_01${String(number).padStart(22, 'A')}`;
  }
}
