/** Paths on this wire, and what they are called in a chat body. The rest of a path is the same on both. */
const PREFIXES: readonly (readonly [RegExp, string])[] = [
  [/^(?:input|instructions)\b.*$/, 'messages'],
  [/^text\.format\.type\b/, 'response_format.type'],
  [/^text\.format\b/, 'response_format.json_schema'],
  [/^text\.verbosity\b.*$/, 'verbosity'],
  [/^text$/, 'response_format'],
  [/^reasoning\b.*$/, 'reasoning_effort'],
  [/^max_output_tokens$/, 'max_completion_tokens'],
  [/^include\b.*$/, 'logprobs'],
  [/^tools\b.*$/, 'tools'],
  [/^tool_choice\b.*$/, 'tool_choice'],
];

/** A path of this wire as one of a chat body. Positions in lists differ, so only the lists are named. */
export function toChatParam(param: string): string {
  const plain = param.replace(/^body\./, '');
  const found = PREFIXES.find(([pattern]) => pattern.test(plain));
  return found ? plain.replace(found[0], found[1]) : plain;
}
