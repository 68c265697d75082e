import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const TOP = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'];

/** What stands at the top, and everything below docs/, by path from the project's root. */
export function documents(): ReadonlyMap<string, string> {
  const below = readdirSync('docs', { recursive: true, encoding: 'utf8' }).map((path) => join('docs', path));
  const paths = [...TOP, ...below.filter((path) => path.endsWith('.md'))];
  return new Map(paths.map((path) => [path, readFileSync(path, 'utf8')]));
}

/** One of them. @throws Error for one that is not there */
export function page(path: string): string {
  const text = documents().get(path);
  if (text === undefined) throw new Error(`there is no ${path}`);
  return text;
}

/** The fenced blocks of one language. */
export function codeBlocks(markdown: string, language: string): readonly string[] {
  const fences = markdown.matchAll(/^```(\w*)\n([^]*?)^```$/gm);
  return [...fences].filter(([, name]) => name === language).map(([, , code = '']) => code);
}

/** The cells of each row below the header that begins with this cell, without the backticks around them. */
export function tableRows(markdown: string, firstHeader: string): readonly (readonly string[])[] {
  const lines = markdown.split('\n');
  const header = lines.findIndex((line) => cellsOf(line)[0] === firstHeader);
  if (header === -1) throw new Error(`there is no table that begins with ${firstHeader}`);
  const rows = lines.slice(header + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end === -1 ? undefined : end).map(cellsOf);
}

/** What stands in backticks, outside of fenced blocks. */
export function inlineCode(markdown: string): readonly string[] {
  const prose = markdown.replaceAll(/^```[^]*?^```$/gm, '');
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

function cellsOf(line: string): readonly string[] {
  if (!line.startsWith('|')) return [];
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim().replace(/^`([^`]*)`$/, '$1'));
}
