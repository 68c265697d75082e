import { describe, expect, it } from '@jest/globals';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/base/json.js';
import { finishReasonOf } from '../../src/providers/google/finish-reason.js';
import { unsupportedIn } from '../../src/providers/google/unsupported.js';
import { bodyOf } from '../providers/google/gemini-fixture.js';
import { chatPrompt } from '../support/chat-prompt.js';
import { page, tableRows } from './markdown.js';

const text = page('docs/dialects.md');
const rows = tableRows(text, 'asked of Gemini');

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

describe('the table of what goes up to Gemini', () => {
  it('has all of its rows', () => {
    expect(rows.length).toBeGreaterThanOrEqual(25);
  });

  it.each(rows.map(([what = '', ...cells]) => [what, cells] as const))(
    '%s',
    (_what, [chat = '', up = '']) => {
      const asked = JSON.parse(chat) as JsonObject;
      const limit = asked['max_completion_tokens'] as number | undefined;
      const refused = unsupportedIn(chatPrompt({ messages: [], ...asked }))?.param;
      expect(refused === undefined ? undefined : `400 ${refused}`).toBe(
        up.startsWith('400') ? up : undefined,
      );
      if (refused !== undefined) return;
      const request = limit === undefined ? {} : { outputCapTokens: limit };
      expectFields(bodyOf(asked, { request }), JSON.parse(up) as JsonValue);
    },
  );
});

describe('the table of how answers of Gemini end', () => {
  const STATUS: ReadonlyMap<string, string> = new Map([
    ['stop', 'completed'],
    ['length', 'incomplete'],
    ['content_filter', 'incomplete'],
    ['failed', 'failed'],
  ]);

  it.each(tableRows(text, "Gemini's `finishReason`"))('%s is %s and %s', (reason, finish = '', status) => {
    expect(finishReasonOf(reason)).toBe(finish);
    expect(STATUS.get(finish)).toBe(status);
  });
});
