import { describe, expect, it } from '@jest/globals';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/base/json.js';
import { EventConverter } from '../../src/providers/openai/responses/answer/convert-event.js';
import { unsupportedIn } from '../../src/providers/openai/responses/request/unsupported.js';
import type { SpokenEvent } from '../../src/text/text-event.js';
import { bodyOf, USER } from '../providers/openai/responses/request-fixture.js';
import { chatPrompt } from '../support/chat-prompt.js';
import { messageItem, textPart, wireResponse } from '../support/responses-wire.js';
import { page, tableRows } from './markdown.js';

const text = page('docs/dialects.md');
const rows = tableRows(text, 'asked over Responses');

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

describe('the table of what goes up on the Responses wire', () => {
  it('has all of its rows', () => {
    expect(rows.length).toBeGreaterThanOrEqual(30);
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
  it.each(tableRows(text, "OpenAI's `status` and reason"))('%s is %s and %s', (said = '', finish, status) => {
    const [ended = '', reason] = said.split(': ');
    const details = reason === undefined ? null : { reason };
    const response = wireResponse([messageItem(textPart('a'))], {
      status: ended,
      incomplete_details: details,
    });
    const events: SpokenEvent[] = [];
    const converter = new EventConverter('scripted');
    converter.convert(response, events);
    converter.finish(events);
    expect(events.at(-1)).toEqual({ type: 'finish', choice: 0, reason: finish });
    expect(status).toBe(finish === 'stop' ? 'completed' : 'incomplete');
  });
});
