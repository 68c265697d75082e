import { isJsonObject, type JsonObject } from '../../base/json.js';
import type { CallFields } from '../../text/text-event.js';

/**
 * Stands for the signature of a call that another model made:
 * https://ai.google.dev/gemini-api/docs/thought-signatures, "skip thought signature validation".
 */
export const NO_SIGNATURE = 'skip_thought_signature_validator';

const NAME = /(?:^|\/)gemini-(?:(\d+)(?:\.(\d+))?-)?([a-z-]+)/;

/** The generation and kind of a Gemini model, by its name; `gemini-flash-latest` is of the newest generation. */
export interface GeminiName {
  /** Hundredths count the minor number: 3.01 is Gemini 3.1, 3.1 is Gemini 3.10. */
  readonly version: number;
  readonly kind: string;
}

/** Undefined for a name that is not known to be Gemini's. */
export function geminiName(upstreamModel: string): GeminiName | undefined {
  const found = NAME.exec(upstreamModel);
  if (!found) return undefined;
  const [, major, minor = '0', kind = ''] = found;
  return { version: major === undefined ? Infinity : Number(major) + Number(minor) / 100, kind };
}

/**
 * Whether the model refuses a request in which the first call of a step of the current turn has no signature:
 * https://ai.google.dev/gemini-api/docs/thought-signatures.
 */
export function demandsSignatures(upstreamModel: string): boolean {
  return (geminiName(upstreamModel)?.version ?? 0) >= 3;
}

/** The fields of a call as Google's endpoint for OpenAI's wire has them. */
export function signedFields(signature: string): CallFields {
  return { extra_content: { google: { thought_signature: signature } } };
}

/** The signature in such fields. */
export function signatureIn({ extra_content: content }: JsonObject): string | undefined {
  const google = isJsonObject(content) ? content['google'] : undefined;
  const signature = isJsonObject(google) ? google['thought_signature'] : undefined;
  return typeof signature === 'string' && signature !== '' ? signature : undefined;
}
