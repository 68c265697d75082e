import { GatewayError } from '../../base/errors/gateway-error.js';
import type { JsonObject } from '../../base/json.js';
import { textIn } from '../../base/json-fields.js';
import { callIdOf, isCall, isOutput, pairCalls } from './pair-calls.js';

/**
 * The items that the model is shown: the history, oldest first, then the new input. The history loses calls without
 * their output, outputs without their call, and items that were cut off, apart from messages.
 *
 * @param asked how many of the last items of the history wait for an answer: the output of the continued response
 * @throws GatewayError 400 when an item of the new input lacks its call or its output, or a waiting call its output
 */
export function assembleContext(
  history: readonly JsonObject[],
  input: readonly JsonObject[],
  asked = 0,
): readonly JsonObject[] {
  const answered = new Set(input.filter(isOutput).map(callIdOf));
  const waiting = new Set(
    (asked === 0 ? [] : history.slice(-asked)).filter((item) => !answered.has(callIdOf(item))),
  );
  const whole = history.filter(({ type, status }) => status !== 'incomplete' || type === 'message');
  const items = [...whole, ...input];
  const { outputOf, callOf } = pairCalls(items);
  const isHalf = (item: JsonObject, index: number): boolean =>
    (isOutput(item) && !callOf.has(index)) || (isCall(item) && !outputOf.has(index));
  // An error in the new input is reported before a call that the input leaves open.
  const refused =
    items.find((item, index) => index >= whole.length && isHalf(item, index)) ??
    items.find((item, index) => waiting.has(item) && isHalf(item, index));
  if (refused) throw unpaired(isOutput(refused) ? 'call' : 'output', refused);
  return items.filter((item, index) => !isHalf(item, index));
}

/** Ids of the items that the input only names, each once. */
export function referencedIds(input: readonly JsonObject[]): readonly string[] {
  return [...new Set(input.flatMap((item) => idOfReference(item) ?? []))];
}

/** @throws GatewayError 400 for an item that was not found */
export function resolveReferences(
  input: readonly JsonObject[],
  found: ReadonlyMap<string, JsonObject>,
  param = 'input',
): readonly JsonObject[] {
  return input.map((item) => {
    const id = idOfReference(item);
    if (id === undefined) return item;
    const resolved = found.get(id);
    if (resolved) return resolved;
    throw new GatewayError('invalid_value', `Item with id '${id}' not found.`, { param });
  });
}

function idOfReference({ type, id }: JsonObject): string | undefined {
  return type === 'item_reference' && typeof id === 'string' ? id : undefined;
}

function unpaired(missing: 'call' | 'output', item: JsonObject): GatewayError {
  const kind = (textIn(item['type']) ?? '').replaceAll('_', ' ');
  const id = callIdOf(item);
  const message =
    missing === 'call'
      ? `No tool call found for ${kind} with call_id ${id}.`
      : `No tool output found for ${kind} ${id}.`;
  return new GatewayError('invalid_value', message, { param: 'input' });
}
