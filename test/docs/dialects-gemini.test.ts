import { describe, expect, it } from '@jest/globals';
import { finishReasonOf } from '../../src/providers/google/finish-reason.js';
import { unsupportedIn } from '../../src/providers/google/unsupported.js';
import { bodyOf } from '../providers/google/gemini-fixture.js';
import { describeTable } from './dialect-table.js';
import { page, tableRows } from './markdown.js';

const text = page('docs/dialects.md');

describeTable({ head: 'asked of Gemini', leastRows: 25, unsupportedIn, bodyOf });

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
