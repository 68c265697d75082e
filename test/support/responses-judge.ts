import type { JsonObject } from '../../src/base/json.js';
import { textIn } from './talks/talk.js';

/** What OpenAI is documented, or reported, to refuse of a conversation that it does not keep; undefined for nothing. */
export function responsesProblem(body: JsonObject, path: string): string | undefined {
  if (path !== '/v1/responses') return 'no such route';
  if (body['store'] !== false) return 'something is kept upstream';
  const input = body['input'] as readonly JsonObject[];
  if (input.some((item) => 'id' in item || item['type'] === 'item_reference')) return 'Item not found';
  const isFollowed = (_item: JsonObject, index: number): boolean => {
    const next = input[index + 1] ?? {};
    return next['role'] === 'assistant' || next['type'] === 'function_call';
  };
  const reasoning = input.flatMap((item, index) => (item['type'] === 'reasoning' ? [{ item, index }] : []));
  if (!reasoning.every(({ item, index }) => isFollowed(item, index)))
    return 'reasoning was provided without its required following item';
  const ids = (type: string): readonly string[] =>
    input.filter((item) => item['type'] === type).map((item) => textIn(item['call_id']));
  const called = ids('function_call');
  if (called.some((id) => id === '' || id.length > 64)) return 'Invalid call_id: expected 1 to 64 characters';
  return JSON.stringify(called) === JSON.stringify(ids('function_call_output'))
    ? undefined
    : 'No tool output found';
}
