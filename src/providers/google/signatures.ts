import type { JsonValue } from '../../base/json.js';
import { reasoningScopeOf, type ProviderSettings } from '../../catalog/model.js';
import type { ToolCallPart } from '../../text/prompt.js';
import { ownSignature, scopedSignature } from '../../text/signature.js';
import type { CallFields } from '../../text/text-event.js';
import { signatureIn, signedFields } from '../text/gemini-signatures.js';
import { isOwnedBy } from '../text/owned-fields.js';

/** A signature as clients carry it: of a text part, of a part with thoughts, or of a call. */
export type SpokenSignature =
  /** `length` is that of the signed part: the last characters of the text so far, possibly none. */
  | { readonly of: 'text'; readonly length: number; readonly signature: string }
  | { readonly of: 'thought'; readonly signature: string }
  /** `position` is that of the call in its message. Clients of some wires cannot carry it with the call itself. */
  | { readonly of: 'call'; readonly position: number; readonly signature: string };

const SPOKEN = /^(?:(thought)|(text|call)(\d{1,9}))\.(.*)$/s;

/** The fields of a call for clients; undefined where it has no signature. */
export function fieldsOfCall(thoughtSignature: JsonValue | undefined): CallFields | undefined {
  return typeof thoughtSignature === 'string' && thoughtSignature !== ''
    ? signedFields(thoughtSignature)
    : undefined;
}

/**
 * The signature in a call of the history, if it is of the provider's scope. A client of the chat wire sends a call's
 * fields back among its unknown ones, where nothing says whose they are; only Google gives fields of this form.
 */
export function signatureOfCall(
  { owned, extra }: ToolCallPart,
  provider: ProviderSettings,
): string | undefined {
  if (owned) return isOwnedBy(owned.provider, provider) ? signatureIn(owned.fields) : undefined;
  return extra && signatureIn(extra);
}

export function writeSpoken(spoken: SpokenSignature, scope: string): string {
  return scopedSignature(scope, `${placeOf(spoken)}.${spoken.signature}`);
}

/** Undefined for a signature of anybody else. */
export function readSpoken(given: string, provider: ProviderSettings): SpokenSignature | undefined {
  const found = SPOKEN.exec(ownSignature(reasoningScopeOf(provider), given) ?? '');
  if (!found) return undefined;
  const [, thought, of, count, signature = ''] = found;
  if (thought !== undefined) return { of: 'thought', signature };
  return of === 'text'
    ? { of, length: Number(count), signature }
    : { of: 'call', position: Number(count), signature };
}

function placeOf(spoken: SpokenSignature): string {
  switch (spoken.of) {
    case 'text':
      return `text${spoken.length}`;
    case 'call':
      return `call${spoken.position}`;
    case 'thought':
      return 'thought';
  }
}
