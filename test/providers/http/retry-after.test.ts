import { describe, expect, it } from '@jest/globals';
import { parseRetryAfter, retryAfterIn } from '../../../src/providers/http/retry-after.js';

const NOW = Date.parse('2026-11-30T12:00:00Z');

const waitIn = (headers: Record<string, string | string[]>): number | undefined =>
  parseRetryAfter(retryAfterIn({ status: 429, headers }), NOW);

describe('how long an answer asks to wait', () => {
  it.each<[string, Record<string, string | string[]>, number | undefined]>([
    ['seconds', { 'retry-after': '7' }, 7_000],
    ['a part of a second', { 'retry-after': ' 0.25 ' }, 250],
    ['no time', { 'retry-after': '0' }, 0],
    ['a date', { 'retry-after': 'Mon, 30 Nov 2026 12:00:05 GMT' }, 5_000],
    ['a date of the older form', { 'retry-after': 'Monday, 30-Nov-26 12:00:05 GMT' }, 5_000],
    ['a date that is over', { 'retry-after': 'Sun, 29 Nov 2026 12:00:05 GMT' }, 0],
    ['milliseconds', { 'retry-after-ms': '1500' }, 1_500],
    ['milliseconds and seconds', { 'retry-after-ms': '1500', 'retry-after': '2' }, 1_500],
    ['milliseconds of Azure', { 'x-ms-retry-after-ms': '40', 'retry-after': '1' }, 40],
    ['milliseconds that are none', { 'retry-after-ms': 'soon', 'retry-after': '2' }, 2_000],
    ['more than an hour', { 'retry-after': '86400' }, 3_600_000],
    ['a negative number', { 'retry-after': '-5' }, undefined],
    ['a number with its unit', { 'retry-after': '5s' }, undefined],
    ['a word', { 'retry-after': 'later' }, undefined],
    ['nothing', { 'retry-after': '' }, undefined],
    ['two values', { 'retry-after': ['1', '2'] }, undefined],
    ['no header', {}, undefined],
  ])('is read from %s', (_name, headers, expected) => {
    expect(waitIn(headers)).toBe(expected);
  });
});
