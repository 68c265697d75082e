import { isScalar, LineCounter, parseDocument, visit, type Document } from 'yaml';

/** Maximum number of repetitions that the aliases of one file may expand to. */
const MAX_ALIASES = 100;

/**
 * The file as plain data. Numbers stay text as written, so that `0.1` is exactly 0.1 and a model named `4.10` keeps
 * its name.
 * @returns `problems` by line and column; they never quote the file, which may hold secrets.
 */
export function parseYaml(text: string): { readonly tree: unknown; readonly problems: readonly string[] } {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, merge: true });
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos: [offset], code }) => {
      const { line, col } = lineCounter.linePos(offset);
      return `line ${line}, column ${col}: is not valid YAML (${code.toLowerCase().replaceAll('_', ' ')})`;
    });
    return { tree: undefined, problems };
  }
  keepNumbersAsText(document);
  try {
    return { tree: document.toJS({ maxAliasCount: MAX_ALIASES }), problems: [] };
  } catch {
    return {
      tree: undefined,
      problems: [`aliases must name an earlier anchor, at most ${MAX_ALIASES} times`],
    };
  }
}

function keepNumbersAsText(document: Document): void {
  visit(document, {
    Scalar(_key, node) {
      if (isScalar(node) && typeof node.value === 'number') node.value = node.source;
    },
  });
}
