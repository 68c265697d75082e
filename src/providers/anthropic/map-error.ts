import type { JsonObject } from '../../base/json.js';
import type { MessageSense } from '../map-error.js';

/**
 * The service's fixed beginnings of messages whose type says only that a request was invalid: a text that quotes the
 * request is never at the beginning.
 */
const TOO_LONG = /^prompt is too long: (\d{1,9}) tokens > \d+ maximum/;
const TOO_LONG_WITH_ANSWER = /^input length and `max_tokens` exceed context limit: (\d{1,9}) \+ /;
const UNPAID = /^Your credit balance is too low\b/;

/** What the service says in its messages alone. */
export function senseOf(message: string): MessageSense | undefined {
  const [, inputTokens] = TOO_LONG.exec(message) ?? TOO_LONG_WITH_ANSWER.exec(message) ?? [];
  if (inputTokens !== undefined) return { type: 'full_context', inputTokens: Number(inputTokens) };
  if (message.startsWith('prompt is too long')) return { type: 'full_context' };
  return UNPAID.test(message) ? { type: 'unpaid' } : undefined;
}

const WRONG_SIGNATURE =
  /Invalid `(?:signature|data)` in `(?:redacted_)?thinking` block|Expected `thinking` or `redacted_thinking`|`thinking` or `redacted_thinking` blocks? .{0,80}cannot be modified/;

/** Whether a refusal says that reasoning of earlier turns cannot be taken as it was sent. */
export function saysWrongSignature(
  status: number,
  { message = '' }: { readonly message?: string | undefined },
): boolean {
  return status === 400 && WRONG_SIGNATURE.test(message.slice(0, 1_024));
}

export function isErrorFrame(frame: JsonObject, event: string): boolean {
  return (
    event === 'error' ||
    frame['type'] === 'error' ||
    (frame['error'] !== undefined && frame['error'] !== null)
  );
}
