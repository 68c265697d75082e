import { describe, expect, it } from '@jest/globals';
import type { JsonObject, JsonValue } from '../../src/base/json.js';
import { isJsonObject } from '../../src/base/json.js';
import { mapStopReason } from '../../src/providers/anthropic/answer/stop-reason.js';
import { unsupportedIn } from '../../src/providers/anthropic/request/unsupported.js';
import type { FinishReason } from '../../src/text/text-event.js';
import { bodyOf, USER } from '../providers/anthropic/request-fixture.js';
import { chatPrompt } from '../support/chat-prompt.js';
import { page, tableRows } from './markdown.js';

const text = page('docs/dialects.md');
const rows = tableRows(text, 'asked of Anthropic');

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

describe('the table of what goes up on the Messages wire', () => {
  it('has all of its rows', () => {
    expect(rows.length).toBeGreaterThanOrEqual(35);
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
      expectFields(body, JSON.parse(up) as JsonValue);
    },
  );
});

describe('the table of how answers end there', () => {
  const STATUS: Readonly<Record<FinishReason, string>> = {
    stop: 'completed',
    tool_calls: 'completed',
    function_call: 'completed',
    length: 'incomplete',
    content_filter: 'incomplete',
  };
  it.each(tableRows(text, "Anthropic's `stop_reason`"))('%s is %s and %s', (reason, finish, status) => {
    expect(mapStopReason(reason)).toBe(finish);
    expect(STATUS[finish as FinishReason]).toBe(status);
  });
});
