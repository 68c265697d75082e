import { describe, expect, it } from '@jest/globals';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/base/json.js';
import type { TextRequest } from '../../src/providers/text/text-request.js';
import type { Unsupported } from '../../src/providers/unsupported.js';
import type { Prompt } from '../../src/text/prompt.js';
import { chatPrompt } from '../support/chat-prompt.js';
import { USER } from '../support/chat-turns.js';
import { page, tableRows } from './markdown.js';

/** The expected fields, in which null stands for a field that is not there. */
function expectFields(body: JsonValue | undefined, expected: JsonValue): void {
  if (Array.isArray(expected)) {
    (expected as readonly JsonValue[]).forEach((each, index) =>
      expectFields((body as readonly JsonValue[])[index], each),
    );
  } else if (isJsonObject(expected)) {
    for (const [name, value] of Object.entries(expected))
      expectFields((body as JsonObject)[name], value ?? null);
  } else expect(body ?? null).toEqual(expected);
}

interface Dialect {
  /** The head of the table's first column. */
  readonly head: string;
  readonly leastRows: number;
  readonly unsupportedIn: (prompt: Prompt) => Unsupported | undefined;
  readonly bodyOf: (chat: JsonObject, circumstances: { readonly request?: Partial<TextRequest> }) => object;
}

/** Each row of a dialect's table says what goes up for the fields of a chat body, or the parameter of its 400. */
export function describeTable({ head, leastRows, unsupportedIn, bodyOf }: Dialect): void {
  const rows = tableRows(page('docs/dialects.md'), head);

  describe(`the table of what is ${head}`, () => {
    it('has all of its rows', () => {
      expect(rows.length).toBeGreaterThanOrEqual(leastRows);
    });

    it.each(rows.map(([what = '', ...cells]) => [what, cells] as const))(
      '%s',
      (_what, [chat = '', up = '']) => {
        const asked: JsonObject = { messages: [USER], ...(JSON.parse(chat) as JsonObject) };
        const limit = asked['max_completion_tokens'] as number | undefined;
        const refused = unsupportedIn(chatPrompt(asked))?.param;
        expect(refused === undefined ? undefined : `400 ${refused}`).toBe(
          up.startsWith('400') ? up : undefined,
        );
        if (refused !== undefined) return;
        const body = bodyOf(asked, limit === undefined ? {} : { request: { outputCapTokens: limit } });
        expectFields(body as JsonObject, JSON.parse(up) as JsonValue);
      },
    );
  });
}
