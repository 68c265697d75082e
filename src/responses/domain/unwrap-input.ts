import { isJsonObject } from '../../json.js';

/** The input of a custom tool out of `{"input": "…"}`; what is anything else is the input itself. */
export function unwrapInput(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value) && typeof value.input === 'string') return value.input;
  } catch {
    // Cut off, or never was JSON: the tool gets what the model said.
  }
  return text;
}
