import type { JsonObject } from '../../base/json.js';
import type { ToClientParam } from '../../providers/text/text-request.js';

/** Fields of the chat wire, with the fields of a request for a Response that they come from. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['messages', 'input'],
  ['max_tokens', 'max_output_tokens'],
  ['max_completion_tokens', 'max_output_tokens'],
  ['reasoning_effort', 'reasoning.effort'],
  ['verbosity', 'text.verbosity'],
  ['logprobs', 'top_logprobs'],
]);

/** Prefixes of chat paths, with the prefixes that replace them. The rest of a path is the same on both wires. */
const PREFIXES: readonly (readonly [RegExp, string])[] = [
  [/^response_format\.json_schema\b/, 'text.format'],
  [/^response_format\b/, 'text.format'],
];

/**
 * Maps a field of the chat body that the bridge made to the field that the client sent. Positions in `messages`,
 * `tools` and `tool_choice` differ between the two bodies, so for these only the field is named.
 */
export function clientParamsOf(body: JsonObject): ToClientParam {
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
