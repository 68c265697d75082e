import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  formatContentRange,
  formatRange,
  parseContentRange,
  parseRange,
  partOf,
} from '../../../src/providers/video/byte-range.js';

describe('a Range header', () => {
  it.each([
    ['bytes=0-0', { first: 0, last: 0 }],
    ['bytes=5-9', { first: 5, last: 9 }],
    ['bytes=5-', { first: 5, last: undefined }],
    ['bytes=-5', { lastBytes: 5 }],
    [' Bytes=1-2 ', { first: 1, last: 2 }],
  ])('%j is one range of bytes', (header, range) => {
    expect(parseRange(header)).toEqual(range);
  });

  it.each([
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=9-5',
    'bytes=0-1,3-4',
    'bytes=a-b',
    'bytes=1.5-2',
    'bytes=0x1-2',
    'items=0-1',
    'bytes=0-1\r\nx-evil: 1',
    `bytes=${'9'.repeat(16)}-`,
  ])('%j is ignored', (header) => {
    expect(parseRange(header)).toBeUndefined();
  });

  it('is written as it was read', () => {
    for (const header of ['bytes=0-0', 'bytes=5-', 'bytes=-7']) {
      expect(formatRange(parseRange(header)!)).toBe(header);
    }
  });
});

describe('the part of a content', () => {
  const bytes = Array.from({ length: 20 }, (_, index) => index);

  it('is what a slice would be', () => {
    fc.assert(
      fc.property(
        fc.nat(25),
        fc.option(fc.nat(25), { nil: undefined }),
        fc.nat(20),
        (first, more, length) => {
          const last = more === undefined ? undefined : first + more;
          const part = partOf({ first, last }, length);
          const slice = bytes.slice(0, length).slice(first, last === undefined ? undefined : last + 1);
          expect(part ? bytes.slice(part.first, part.last + 1) : []).toEqual(slice);
        },
      ),
    );
  });

  it('at the end is what a slice from the end would be', () => {
    fc.assert(
      fc.property(fc.nat(25), fc.nat(20), (lastBytes, length) => {
        const part = partOf({ lastBytes }, length);
        const slice = lastBytes === 0 ? [] : bytes.slice(0, length).slice(-lastBytes);
        expect(part ? bytes.slice(part.first, part.last + 1) : []).toEqual(slice);
      }),
    );
  });
});

describe('a Content-Range header', () => {
  it.each([
    ['bytes 0-9/10', { first: 0, last: 9, length: 10 }],
    ['bytes 5-5/*', { first: 5, last: 5, length: undefined }],
  ])('%j is read and written', (header, range) => {
    expect(parseContentRange(header)).toEqual(range);
    expect(formatContentRange(range)).toBe(header);
  });

  it.each([undefined, '', 'bytes */10', 'bytes 9-5/10', 'bytes 0-10/10', 'items 0-1/2', 'bytes 0-1/2/3'])(
    '%j is no part',
    (header) => {
      expect(parseContentRange(header)).toBeUndefined();
    },
  );
});
