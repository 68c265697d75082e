import { describe, expect, it } from '@jest/globals';
import { mapStopReason } from '../../src/providers/anthropic/answer/stop-reason.js';
import { unsupportedIn } from '../../src/providers/anthropic/request/unsupported.js';
import type { FinishReason } from '../../src/text/text-event.js';
import { bodyOf } from '../providers/anthropic/request-fixture.js';
import { describeTable } from './dialect-table.js';
import { page, tableRows } from './markdown.js';

const text = page('docs/dialects.md');

describeTable({ head: 'asked of Anthropic', leastRows: 35, unsupportedIn, bodyOf });

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
