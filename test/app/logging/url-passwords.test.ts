import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { redactLine } from '../../../src/app/logging/redaction.js';
import { withoutUrlPasswords } from '../../../src/app/logging/url-passwords.js';
import { growth } from '../../support/growth.js';

/** What is meant, in time that grows with the square of the length. */
const MEANT = /(:\/\/[^\s:/@"]*:)[^\s@"]+@/g;

describe('a password in a URL', () => {
  it.each([
    ['postgres://gateway:secret@db:5432/x', 'postgres://gateway:*@db:5432/x'],
    ['"url":"https://u:p/w:q@proxy:3128/a@b"', '"url":"https://u:*@proxy:3128/a@b"'],
    ['redis://:secret@a,postgres://u:other@b', 'redis://:*@a,postgres://u:*@b'],
    ['mail@example.com saw https://example.com:443/@me', 'mail@example.com saw https://example.com:*@me'],
    ['https://example.com/@user and a:b@c', 'https://example.com/@user and a:b@c'],
    ['postgres://u:p w@db', 'postgres://u:p w@db'],
  ])('is not shown: %s', (text, shown) => {
    expect(withoutUrlPasswords(text, '*')).toBe(shown);
  });

  it('is found wherever the expression finds it', () => {
    const text = fc.array(fc.constantFrom('://', ':', '/', '@', 'a', ' ', '"', 'x://u:p@h'), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(text, (parts) => {
        const line = parts.join('');
        expect(withoutUrlPasswords(line, '*')).toBe(line.replace(MEANT, '$1*@'));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each<[string, (length: number) => string]>([
    ['schemes without an end', (length) => `/${'a.'.repeat(length / 2)}@`],
    ['names without a password', (length) => `/@${'a://x:'.repeat(length / 6)}`],
    ['names with one password', (length) => `${'a://x:'.repeat(length / 6)}@`],
    ['passwords', (length) => 'a://x:p@'.repeat(length / 8)],
    ['words for keys', (length) => `${'Bearer '.repeat(length / 7)}@`],
    ['blanks', (length) => `Bearer${' '.repeat(length)}@`],
  ])('is looked for in time that grows with the line: %s', (_name, line) => {
    const [small, large] = [line(100_000), line(800_000)];
    expect(
      growth(
        () => redactLine(small),
        () => redactLine(large),
        20,
      ),
    ).toBeLessThan(20);
  });
});
