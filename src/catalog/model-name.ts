import { SANDBOX_PREFIX } from './sandbox-id.js';

/** The characters of a model's public name; they cover the names of Ollama, OpenRouter, Cloudflare and Vertex. */
export const MODEL_NAME_WORDS = '1 to 128 letters, digits and any of . _ - / : @ +';

const MODEL_NAME = /^[A-Za-z0-9._/:@+-]{1,128}$/;
const WILDCARD = '*';

/** Whether an operator's model, or a model behind a pass-through entry, may have this name. */
export function isModelName(text: string): boolean {
  return MODEL_NAME.test(text) && !text.startsWith(SANDBOX_PREFIX);
}

/** The same for a name that may end in `*`, which matches the rest of a name. */
export function isNameOrPattern(text: string): boolean {
  const prefix = prefixOf(text);
  return prefix === undefined ? isModelName(text) : prefix === '' || isModelName(prefix);
}

/** The text before the `*` at the end of a pattern; undefined for an exact name. */
export function prefixOf(name: string): string | undefined {
  return name.endsWith(WILDCARD) ? name.slice(0, -WILDCARD.length) : undefined;
}
