import { isJsonObject } from '../../base/json.js';

/**
 * The input of a custom tool out of `{"input": "…"}`. Models also call it by the tool's own word, such as
 * `{"patch": "…"}`: the only text of an object is the input, whatever its name. What is anything else is the input
 * itself.
 */
export function unwrapInput(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (!isJsonObject(value)) return text;
    if (typeof value.input === 'string') return value.input;
    const [only, ...others] = Object.values(value).filter((field) => typeof field === 'string');
    if (only !== undefined && others.length === 0) return only;
    // What a call without arguments ends with.
    if (Object.keys(value).length === 0) return '';
  } catch {
    // Cut off, or never was JSON: the tool gets what the model said.
  }
  return text;
}
