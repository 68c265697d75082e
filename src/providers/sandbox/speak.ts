import type { FinishReason, TextEvent } from '../../text/text-event.js';
import type { SandboxAnswer } from './plan-answer.js';
import { tokensOf } from './sandbox-tokens.js';

/** One event of one choice; `kind` says what it counts as. */
export interface Spoken {
  readonly event: TextEvent;
  readonly kind: 'reasoning' | 'token' | 'mark';
}

/** The events of one choice, at most `capTokens` tokens of reasoning and output together. */
export function* speak(
  answer: SandboxAnswer,
  choice: number,
  capTokens: number,
): Generator<Spoken, void, undefined> {
  let left = capTokens;
  yield { kind: 'mark', event: { type: 'start', choice } };
  for (const text of tokensOf(answer.reasoning)) {
    if (left === 0) return yield finish(choice, 'length');
    left -= 1;
    yield { kind: 'reasoning', event: { type: 'reasoning_summary', choice, text } };
  }
  const { call } = answer;
  if (call) {
    const { id, name, kind } = call;
    if (left === 0) return yield finish(choice, 'length');
    yield { kind: 'mark', event: { type: 'tool_call_start', choice, index: 0, id, name, kind } };
  }
  for (const text of answer.tokens()) {
    if (left === 0) return yield finish(choice, 'length');
    left -= 1;
    yield {
      kind: 'token',
      event: call
        ? { type: 'tool_call_delta', choice, index: 0, arguments: text }
        : { type: 'text', choice, text },
    };
  }
  yield finish(choice, call ? 'tool_calls' : 'stop');
}

function finish(choice: number, reason: FinishReason): Spoken {
  return { kind: 'mark', event: { type: 'finish', choice, reason } };
}
