import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { inlineCode } from './markdown.js';

const read = (path: string): string => readFileSync(path, 'utf8');

function sources(): string {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' });
  return files
    .filter((name) => name.endsWith('.ts') && !name.includes('generated'))
    .map((name) => read(join('src', name)))
    .join('\n');
}

describe('the drawing of the database', () => {
  it('shows every table, and none that is not there', () => {
    const tables = [...read('prisma/schema.prisma').matchAll(/@@map\("(\w+)"\)/g)].map(([, name]) => name);
    const [, drawing = ''] = /```mermaid\n([^`]*)```/.exec(read('docs/database.md')) ?? [];
    const drawn = [...drawing.matchAll(/^ {2}(\w+) \S+--\S+ (\w+) :/gm)].flatMap(([, from, to]) => [
      from,
      to,
    ]);
    expect([...new Set(drawn)].sort()).toEqual(tables.sort());
  });
});

describe('what describes the code', () => {
  const words = new Set(sources().match(/\w+/g));

  it.each(['docs/ARCHITECTURE.md', 'docs/sequences.md'])('names only what is in it: %s', (path) => {
    const text = read(path);
    const participants = [...text.matchAll(/^ {2}participant \w+ as (.+)$/gm)]
      .flatMap(([, names = '']) => names.split(', '))
      .filter((name) => !['Client', 'PostgreSQL', 'Upstream'].includes(name));
    const named = [
      ...participants,
      ...inlineCode(text).flatMap((code) => code.match(/^(?:[A-Z]+[a-z]+\w*|[a-z]+[A-Z]\w*)/)?.[0] ?? []),
    ].filter((name) => !name.includes('_'));
    expect(named.length).toBeGreaterThanOrEqual(5);
    expect(named.filter((name) => !words.has(name))).toEqual([]);
  });
});
