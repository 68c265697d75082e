import { type JsonObject } from '../../base/json.js';

/** Fields that the gateway sets, at each level of an answer; an upstream's unknown field never replaces them. */
export const OUR_ANSWER_FIELDS = new Set([
  'id',
  'object',
  'created',
  'model',
  'choices',
  'usage',
  'compose_receipt',
]);
export const OUR_CHOICE_FIELDS = new Set(['index', 'message', 'delta', 'finish_reason', 'logprobs']);
export const OUR_MESSAGE_FIELDS = new Set([
  'role',
  'content',
  'refusal',
  'reasoning_content',
  'tool_calls',
  'annotations',
]);

/** An upstream's unknown fields without those that the gateway sets; undefined when none is left. */
export function extraFields(
  extras: JsonObject | undefined,
  ours: ReadonlySet<string>,
): JsonObject | undefined {
  if (extras === undefined) return undefined;
  const names = Object.keys(extras);
  const kept = names.filter((name) => !ours.has(name));
  if (kept.length === 0) return undefined;
  return kept.length === names.length ? extras : Object.fromEntries(kept.map((name) => [name, extras[name]]));
}
