import { GatewayError } from '../../base/errors/gateway-error.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { textIn } from '../../base/json-fields.js';
import { callIdOf, isCall, isOutput } from './pair-calls.js';
import { storedInput } from './stored-input.js';

/**
 * The input without the outputs that the context already has. Some clients send every earlier output again in each
 * round. Calls of several turns may have the same id, so an output counts as a repetition only when no call waits for
 * it.
 *
 * @throws GatewayError 400 for a repeated output with another content than the first one
 */
export function withoutRepeatedOutputs(
  history: readonly JsonObject[],
  input: readonly JsonObject[],
): readonly JsonObject[] {
  const surplus = surplusById(history, input);
  if (surplus.size === 0) return input;
  const said = new Map<string, Set<string>>();
  for (const item of history) if (isOutput(item)) remember(said, item);
  const kept = input.filter((item) => {
    if (!isOutput(item)) return true;
    const id = callIdOf(item);
    const left = surplus.get(id) ?? 0;
    if (left === 0) return true;
    if (said.get(id)?.has(contentOf(item)) === true) {
      surplus.set(id, left - 1);
      return false;
    }
    remember(said, item);
    return true;
  });
  refuseOthers(kept, surplus);
  return kept;
}

/** For each call id: how many more outputs the input has than calls wait for one. */
function surplusById(history: readonly JsonObject[], input: readonly JsonObject[]): Map<string, number> {
  const outputs = new Map<string, number>();
  for (const item of input) if (isOutput(item)) count(outputs, callIdOf(item), 1);
  const calls = new Map<string, number>();
  for (const [items, isNew] of [
    [history, false],
    [input, true],
  ] as const) {
    for (const item of items) {
      if (isCall(item)) count(calls, callIdOf(item), 1);
      else if (isOutput(item) && !isNew) count(calls, callIdOf(item), -1);
    }
  }
  const surplus = new Map<string, number>();
  for (const [id, number] of outputs) {
    const waiting = calls.get(id);
    // An output without any call cannot be a repetition.
    if (waiting !== undefined && number > Math.max(0, waiting))
      surplus.set(id, number - Math.max(0, waiting));
  }
  return surplus;
}

function refuseOthers(input: readonly JsonObject[], surplus: ReadonlyMap<string, number>): void {
  const other = input.findLast((item) => isOutput(item) && (surplus.get(callIdOf(item)) ?? 0) > 0);
  if (!other) return;
  throw new GatewayError(
    'invalid_value',
    `Duplicate ${textIn(other['type']) ?? ''} for call_id ${callIdOf(other)}.`,
    { param: 'input' },
  );
}

function remember(said: Map<string, Set<string>>, item: JsonObject): void {
  const id = callIdOf(item);
  const known = said.get(id);
  if (known) known.add(contentOf(item));
  else said.set(id, new Set([contentOf(item)]));
}

/** The content of an output, comparable between a stored item and a sent one, which may have fewer fields. */
function contentOf(item: JsonObject): string {
  const { type, output, tools, status } = storedInput(item, () => '');
  const said = [type, output ?? null, tools ?? null, type === 'apply_patch_call_output' ? status : null];
  return JSON.stringify(said, sortedKeys);
}

function sortedKeys(_key: string, value: JsonValue): JsonValue {
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function count(numbers: Map<string, number>, id: string, more: number): void {
  numbers.set(id, (numbers.get(id) ?? 0) + more);
}
