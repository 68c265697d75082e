import { createHash } from 'node:crypto';
import type { PromptTool } from '../../text/prompt.js';

const MAX_NAME = 64;
const HASH_LENGTH = 8;
/** A prefix that some models put in front of the name of a tool. */
const NAMESPACE = /^default_api[.:]/;

/** The names that the service takes: `FunctionDeclaration.name` in js-genai, and 64 characters in older versions. */
const FITS = /^[A-Za-z_][A-Za-z0-9_.:-]{0,63}$/;

export type ToolIdentity = Pick<PromptTool, 'kind' | 'name'>;

/**
 * Names of the tools of one request as the service takes them. A name that does not fit is replaced by one with its
 * hash, so that it is the same on every turn.
 */
export class ToolNames {
  private readonly offered = new Map<string, ToolIdentity>();

  constructor(tools: readonly ToolIdentity[]) {
    // Functions keep their names where custom tools share them.
    for (const wanted of ['function', 'custom'])
      for (const { kind, name } of tools)
        if (kind === wanted) this.offered.set(this.of({ kind, name }), { kind, name });
  }

  of({ kind, name }: ToolIdentity): string {
    const isFree = kind === 'function' || !this.offered.has(name) || this.offered.get(name)?.kind === kind;
    return FITS.test(name) && isFree ? name : hashed(kind, name);
  }

  /** The tool that a call means; a name that was not offered is a function's. */
  called(name: string): ToolIdentity {
    const plain = name.replace(NAMESPACE, '');
    return this.offered.get(name) ?? this.offered.get(plain) ?? { kind: 'function', name };
  }
}

function hashed(kind: string, name: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([kind, name]))
    .digest('hex')
    .slice(0, HASH_LENGTH);
  const plain = name.replace(/[^A-Za-z0-9_-]/g, '_').replace(/^(?![A-Za-z_])/, '_');
  return `${plain.slice(0, MAX_NAME - HASH_LENGTH - 1)}_${hash}`;
}
