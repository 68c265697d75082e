import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { documents, inlineCode } from './markdown.js';

const pages = documents();

/** Made at run time, or by the reader. */
const NOT_IN_THE_PROJECT = /^(\.\/data|data|dist|\.\/gateway\.yaml|gateway\.yaml|gateway\.lock)(\/|$)/;
const LOOKS_LIKE_A_FILE = /^[\w.-]+(\/[\w.-]+)*\.(ts|js|cjs|md|yml|yaml|sql|prisma|json)$/;
const LOOKS_LIKE_A_ROOM = /^(src|test|docs|bench|scripts|prisma)(\/[\w.-]+)*\/?$/;

describe('the documents', () => {
  it('are found', () => {
    expect([...pages.keys()]).toEqual(expect.arrayContaining(['README.md', 'docs/ARCHITECTURE.md']));
    expect(pages.size).toBeGreaterThan(10);
  });

  it.each([...pages])('link only to files that exist: %s', (path, text) => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const relative = links.filter((target) => !/^(https?:|#)/.test(target));
    const missing = relative.filter((target) => !existsSync(join(dirname(path), target.replace(/#.*$/, ''))));
    expect(missing).toEqual([]);
  });

  it.each([...pages])('link only to headings that exist: %s', (path, text) => {
    const links = [...text.matchAll(/\]\(([^)\s#:]*)#([^)\s]+)\)/g)];
    const missing = links.filter(([, file = '', heading]) => {
      const target = file === '' ? text : (pages.get(join(dirname(path), file)) ?? '');
      return !headingsOf(target).includes(heading ?? '');
    });
    expect(missing.map(([link]) => link)).toEqual([]);
  });

  it.each([...pages])('name only files and directories that exist: %s', (_path, text) => {
    const named = inlineCode(text).filter(
      (code) => LOOKS_LIKE_A_FILE.test(code) || LOOKS_LIKE_A_ROOM.test(code),
    );
    const missing = named.filter((name) => !NOT_IN_THE_PROJECT.test(name) && !existsSync(name));
    expect(missing).toEqual([]);
  });

  it.each([...pages])('run only programs and tests of the project that exist: %s', (_path, text) => {
    const programs = [...text.matchAll(/\b(?:node|npm test --) ((?:[\w-]+\/)+[\w.-]+\.(?:js|ts))\b/g)];
    const missing = programs.flatMap(([, name = '']) =>
      NOT_IN_THE_PROJECT.test(name) || existsSync(name) ? [] : [name],
    );
    expect(missing).toEqual([]);
  });

  it.each([...pages])('name only npm scripts that exist: %s', (_path, text) => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object };
    const named = [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)];
    const missing = named
      .map(([, script, lifecycle]) => script ?? lifecycle ?? '')
      .filter((name) => !(name in scripts));
    expect(missing).toEqual([]);
  });
});

describe('docs/ARCHITECTURE.md', () => {
  const text = pages.get('docs/ARCHITECTURE.md') ?? '';

  it('names every rule about boundaries that is checked', () => {
    const { forbidden } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
      forbidden: readonly { name: string }[];
    };
    const listed = [...text.matchAll(/^- `([a-z-]+)`:/gm)].map(([, name]) => name);
    expect(listed.sort()).toEqual([...new Set(forbidden.map(({ name }) => name))].sort());
  });

  it('has a place for every directory of src', () => {
    const named = inlineCode(text);
    expect(roomsOfSource().filter((room) => !named.includes(room))).toEqual([]);
  });

  it('stays one page', () => {
    expect(text.split('\n').length).toBeLessThan(150);
  });
});

describe('docs/decisions', () => {
  const records = [...pages].filter(([path]) => path.startsWith('docs/decisions/'));

  it.each(records)('is short, numbered like its name and complete: %s', (path, text) => {
    const number = Number(/\/(\d{4})-/.exec(path)?.[1]);
    expect(text).toMatch(new RegExp(`^# ${number}\\. `));
    for (const part of ['Context', 'Decision', 'Consequence']) expect(text).toContain(`**${part}.**`);
    expect(text.split('\n').length).toBeLessThanOrEqual(26);
  });

  it.each(records)('has a status after its title: %s', (_path, text) => {
    const [, status] = text.split('\n\n');
    expect(status).toMatch(
      /^\*\*Status\.\*\* (Accepted\.$|Accepted in part\. .|Superseded by \[\d+\]\([^)]+\)\.$)/,
    );
    expect(text.match(/\*\*(Status|Superseded)/g)).toHaveLength(1);
  });

  it.each(records)('links to others by their numbers, in its status to later ones: %s', (path, text) => {
    const number = Number(/\/(\d{4})-/.exec(path)?.[1]);
    const [, status = ''] = text.split('\n\n');
    for (const [, shown, target] of text.matchAll(/\[(\d+)\]\((\d{4})-/g))
      expect(Number(target)).toBe(Number(shown));
    for (const [, later] of status.matchAll(/\[(\d+)\]/g)) expect(Number(later)).toBeGreaterThan(number);
  });

  it('numbers its records without gaps', () => {
    const numbers = records.map(([path]) => Number(/\/(\d{4})-/.exec(path)?.[1])).sort((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_number, index) => index + 1));
  });
});

/** As they are named in links. */
function headingsOf(markdown: string): readonly string[] {
  const headings = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, words = '']) => words);
  return headings.map((words) =>
    words
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

function roomsOfSource(): readonly string[] {
  return readdirSync('src', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `src/${name}`);
}
