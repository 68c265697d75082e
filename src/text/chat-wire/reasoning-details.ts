import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import type { ReasoningPart } from '../prompt.js';
import { isSignature } from '../signature.js';

const REASONING_DETAILS = 'reasoning_details';

/** The blocks with our signatures; whatever else a client has in the field is its service's own. */
export function readDetails(details: JsonValue | undefined): readonly ReasoningPart[] {
  return listOf(details).flatMap((detail) => {
    const signature = signatureIn(detail);
    if (signature === undefined || !isJsonObject(detail)) return [];
    const { text } = detail;
    return [{ type: 'reasoning', text: typeof text === 'string' ? text : '', signature }];
  });
}

/** The signed blocks, as clients send them. The sender takes them out again: no service of the chat wire reads them. */
export function writeDetails(thoughts: readonly ReasoningPart[]): readonly JsonObject[] {
  return thoughts.flatMap(({ text, signature }, index) => {
    if (signature === undefined) return [];
    if (text === '') return { type: 'reasoning.encrypted', data: signature, index };
    return { type: 'reasoning.text', text, signature, index };
  });
}

/** The message without our signatures, which no service of the chat wire understands; the same message if it has none. */
export function withoutSignatures(message: JsonObject): JsonObject {
  const details = listOf(message[REASONING_DETAILS]);
  if (!details.some(hasSignature)) return message;
  const { [REASONING_DETAILS]: _all, ...rest } = message;
  const kept = details.filter((detail) => !hasSignature(detail));
  return kept.length === 0 ? rest : { ...rest, [REASONING_DETAILS]: kept };
}

function hasSignature(detail: JsonValue): boolean {
  return signatureIn(detail) !== undefined;
}

function signatureIn(detail: JsonValue): string | undefined {
  if (!isJsonObject(detail)) return undefined;
  return [detail['signature'], detail['data']].find(isSignature);
}

function listOf(details: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(details) ? (details as readonly JsonValue[]) : [];
}
