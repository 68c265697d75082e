import { GatewayError } from '../../errors/gateway-error.js';
import type { JsonObject } from '../../json.js';
import { textIn } from './fields.js';
import { isCall, isOutput, pairCalls } from './pair-calls.js';

/**
 * What the model is shown: the history, oldest first, then the new input. From the history goes what lost its other
 * half (a call without its output, an output without its call) and what was cut off, apart from messages.
 *
 * @throws GatewayError 400 when half of a call is missing for an item of the new input
 */
export function assembleContext(
  history: readonly JsonObject[],
  input: readonly JsonObject[],
): readonly JsonObject[] {
  const whole = history.filter(({ type, status }) => status !== 'incomplete' || type === 'message');
  const items = [...whole, ...input];
  const { outputOf, callOf } = pairCalls(items);
  return items.filter((item, index) => {
    const isNew = index >= whole.length;
    if (isOutput(item) && !callOf.has(index)) {
      if (isNew) throw unpaired('call', item);
      return false;
    }
    if (isCall(item) && !outputOf.has(index)) {
      if (isNew) throw unpaired('output', item);
      return false;
    }
    return true;
  });
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
  const id = textIn(item['call_id']) ?? '';
  const message =
    missing === 'call'
      ? `No tool call found for ${kind} with call_id ${id}.`
      : `No tool output found for ${kind} ${id}.`;
  return new GatewayError('invalid_value', message, { param: 'input' });
}
