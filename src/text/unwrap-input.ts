import { isJsonObject } from '../base/json.js';

/**
 * The input of a custom tool from `{"input": "…"}`. Models also use the tool's own word, such as `{"patch": "…"}`: the
 * only text of an object is the input, whatever its name. Anything else is the input itself.
 */
export function unwrapInput(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (!isJsonObject(value)) return text;
    if (typeof value.input === 'string') return value.input;
    const [only, ...others] = Object.values(value).filter((field) => typeof field === 'string');
    if (only !== undefined && others.length === 0) return only;
    // A call without arguments ends with an empty object.
    if (Object.keys(value).length === 0) return '';
  } catch {
    // The text was cut off, or never was JSON: the tool gets it as the model wrote it.
  }
  return text;
}
