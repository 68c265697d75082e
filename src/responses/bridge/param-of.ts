import type { JsonObject } from '../../base/json.js';
import type { ParamOf } from '../../providers/text/text-request.js';

/** Fields of the chat wire by what they are called, or come from, in a request for a Response. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['messages', 'input'],
  ['max_tokens', 'max_output_tokens'],
  ['max_completion_tokens', 'max_output_tokens'],
  ['reasoning_effort', 'reasoning.effort'],
  ['verbosity', 'text.verbosity'],
  ['logprobs', 'top_logprobs'],
]);

/** Paths below these are the same on both wires but for what stands here between field and path. */
const PREFIXES: readonly (readonly [RegExp, string])[] = [
  [/^response_format\.json_schema\b/, 'text.format'],
  [/^response_format\b/, 'text.format'],
];

/**
 * Names the field that a client sent for a field of the chat body that the bridge made of it. A place in `messages`,
 * `tools` or `tool_choice` is none in what was sent, so there the field alone is named.
 */
export function paramOf(body: JsonObject): ParamOf {
  return (chatParam) => {
    const named = nameOf(chatParam);
    if (named === 'input') return named;
    const field = named.split(/[.[]/, 1)[0] ?? '';
    return Object.hasOwn(body, field) ? named : undefined;
  };
}

function nameOf(chatParam: string): string {
  for (const [prefix, name] of PREFIXES) {
    if (prefix.test(chatParam)) return chatParam.replace(prefix, name);
  }
  const field = chatParam.split(/[.[]/, 1)[0] ?? '';
  return NAMES.get(field) ?? field;
}
