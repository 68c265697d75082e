import type { JsonObject } from '../../base/json.js';
import { textIn } from '../../base/json-fields.js';

/** Calls that a client answers; calls of tools that ran upstream carry their result or stand alone. */
const CALLS = new Set([
  'function_call',
  'custom_tool_call',
  'local_shell_call',
  'shell_call',
  'apply_patch_call',
  'computer_call',
  'tool_search_call',
]);
const OUTPUTS = new Set([
  'function_call_output',
  'custom_tool_call_output',
  'local_shell_call_output',
  'shell_call_output',
  'apply_patch_call_output',
  'computer_call_output',
  'tool_search_output',
]);

/** Positions of calls and their outputs, in both directions. */
export interface PairedCalls {
  readonly outputOf: ReadonlyMap<number, number>;
  readonly callOf: ReadonlyMap<number, number>;
}

/** The id that a call and its output share. An output of a local shell may have it only as its own id. */
export function callIdOf({ type, call_id, id }: JsonObject): string {
  return textIn(call_id) ?? (type === 'local_shell_call_output' ? textIn(id) : undefined) ?? '';
}

export function isCall(item: JsonObject): boolean {
  return CALLS.has(textIn(item['type']) ?? '') && callIdOf(item) !== '';
}

export function isOutput(item: JsonObject): boolean {
  return OUTPUTS.has(textIn(item['type']) ?? '') && callIdOf(item) !== '';
}

/**
 * Ids can repeat: some models number the calls of each turn anew, and clients send a stored call again. So an output
 * belongs to the last free call before it or, if there is none, to the first free call after it. The kinds need not
 * agree, since clients answer calls of a shell as functions.
 */
export function pairCalls(items: readonly JsonObject[]): PairedCalls {
  const outputOf = new Map<number, number>();
  const callOf = new Map<number, number>();
  const freeCalls = new Map<string, number[]>();
  const early = new Map<string, number[]>();
  items.forEach((item, index) => {
    const id = callIdOf(item);
    if (isCall(item)) add(freeCalls, id, index);
    if (!isOutput(item)) return;
    const call = freeCalls.get(id)?.pop();
    if (call === undefined) add(early, id, index);
    else pair(call, index);
  });
  // Calls that are still free come after every output that found no call.
  for (const [id, outputs] of early) {
    const calls = freeCalls.get(id) ?? [];
    outputs.forEach((output, position) => pair(calls[position], output));
  }
  return { outputOf, callOf };

  function pair(call: number | undefined, output: number): void {
    if (call === undefined) return;
    outputOf.set(call, output);
    callOf.set(output, call);
  }
}

function add(lists: Map<string, number[]>, id: string, index: number): void {
  const list = lists.get(id);
  if (list) list.push(index);
  else lists.set(id, [index]);
}
