import { describe, expect, it } from '@jest/globals';
import { EventConverter } from '../../src/providers/openai/responses/answer/convert-event.js';
import { unsupportedIn } from '../../src/providers/openai/responses/request/unsupported.js';
import type { SpokenEvent } from '../../src/text/text-event.js';
import { bodyOf } from '../providers/openai/responses/request-fixture.js';
import { messageItem, textPart, wireResponse } from '../support/responses-wire.js';
import { describeTable } from './dialect-table.js';
import { page, tableRows } from './markdown.js';

const text = page('docs/dialects.md');

describeTable({ head: 'asked over Responses', leastRows: 30, unsupportedIn, bodyOf });

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
