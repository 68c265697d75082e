// @ts-check
import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';

const MOST_DEPENDENCIES = 5;

/** Paths below src, without what is generated. */
function sourcePaths() {
  return readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.startsWith('storage/generated/'))
    .sort();
}

/** What the text of the source shows. */
export function sourceFacts() {
  const paths = sourcePaths();
  const texts = paths.map((path) => readFileSync(`src/${path}`, 'utf8'));
  const lengths = texts.map((text) => text.split('\n').length - 1).sort((a, b) => a - b);
  const all = texts.join('\n');
  return {
    paths,
    files: paths.length,
    medianLines: lengths[lengths.length >> 1] ?? 0,
    longestFile: lengths.at(-1) ?? 0,
    wideConstructors: paths.flatMap((path, index) => wideConstructors(path, texts[index] ?? '')),
    globalModules: all.match(/^@Global\(\)|^\s+global: true,$/gm)?.length ?? 0,
    symbols: all.match(/= Symbol\(/g)?.length ?? 0,
    schemaCheckers: all.match(/\bnew Ajv/g)?.length ?? 0,
  };
}

/**
 * Classes that are given more than five things.
 * @param {string} path
 * @param {string} text
 */
function wideConstructors(path, text) {
  /** @type {string[]} */
  const found = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isConstructorDeclaration(node) && node.parameters.length > MOST_DEPENDENCIES)
      found.push(`${path}: ${node.parent.name?.text ?? 'a class'} (${node.parameters.length})`);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return found;
}
