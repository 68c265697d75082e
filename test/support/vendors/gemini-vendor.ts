import type { JsonObject } from '../../../src/base/json.js';
import { objectIn } from '../../../src/base/json-fields.js';
import { geminiSays } from '../gemini-wire.js';
import type { Exchange } from '../scripted-upstream.js';
import { textIn } from '../talks/talk.js';
import { type Made, Vendor } from './vendor.js';

const EXCUSE = 'skip_thought_signature_validator';
const NOT_VALID = 'Thought signature is not valid.';
const NOT_EQUAL =
  'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.';

interface Content {
  readonly role: string;
  readonly parts: readonly JsonObject[];
}

/** Gemini 3 over `generateContent`: https://ai.google.dev/gemini-api/docs/thought-signatures. */
export class GeminiVendor extends Vendor {
  override readonly provider: JsonObject = { type: 'google' };
  override readonly upstreamModel = 'gemini-3.8-flash';

  protected problemOf({ request }: Exchange): string | undefined {
    if (request.headers['x-goog-api-key'] === undefined) return 'API key not valid.';
    const contents = request.body['contents'] as unknown as readonly Content[];
    const current = contents.findLastIndex(({ role, parts }) => role === 'user' && parts.some(isText));
    for (const [index, content] of contents.entries()) {
      if (content.role !== (index % 2 === 0 ? 'user' : 'model')) return 'roles must alternate';
      if (content.parts.length === 0) return 'contents.parts must not be empty.';
      if (content.parts.some((part) => part['text'] === '')) return 'a part must have exactly one field';
      const problem =
        callProblem(content, contents[index + 1]) ?? this.signatureProblem(content, index > current);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  protected refuse(message: string, exchange: Exchange): void {
    exchange.json({ error: { code: 400, message, status: 'INVALID_ARGUMENT' } }, 400);
  }

  protected say({ calls, thought, signature, text }: Made, exchange: Exchange): void {
    void geminiSays([
      { text: thought, thought: true },
      ...(text === '' ? [] : [{ text, thoughtSignature: signature }]),
      ...calls.map(({ name, at }, index) => ({
        functionCall: { name, args: { at } },
        ...(index === 0 && { thoughtSignature: signature }),
      })),
    ])(exchange);
  }

  /** The service gives none. */
  protected idOf(): string {
    return '';
  }

  /** @param isCurrent whether the content belongs to the turn behind the last text of the user */
  private signatureProblem({ parts }: Content, isCurrent: boolean): string | undefined {
    const calls = parts.filter((part) => 'functionCall' in part);
    for (const part of parts) {
      const { thoughtSignature: signature } = part;
      if (signature === undefined) continue;
      if (signature !== EXCUSE && !this.thoughts.has(textIn(signature))) return NOT_VALID;
      if (signature === EXCUSE && (!isCurrent || part !== calls[0])) return 'an excuse where none is due';
    }
    for (const [index, part] of calls.entries()) {
      const own = this.ownAnswer(objectIn(objectIn(part['functionCall'])['args'])['at']);
      const expected = own && index === 0 ? own.signature : undefined;
      if (expected !== undefined && part['thoughtSignature'] !== expected)
        return 'a call of its own without its signature';
    }
    return isCurrent && calls.length > 0 && calls[0]?.['thoughtSignature'] === undefined
      ? 'Function call is missing a thought_signature in functionCall parts.'
      : undefined;
  }
}

/** As many outputs as calls, in the next content, by their names. */
function callProblem({ role, parts }: Content, next: Content | undefined): string | undefined {
  if (role !== 'model') return undefined;
  const namesOf = (list: readonly JsonObject[], field: string): string =>
    JSON.stringify(list.flatMap((part) => (field in part ? [textIn(objectIn(part[field])['name'])] : [])));
  return namesOf(parts, 'functionCall') === namesOf(next?.parts ?? [], 'functionResponse')
    ? undefined
    : NOT_EQUAL;
}

function isText(part: JsonObject): boolean {
  return typeof part['text'] === 'string';
}
