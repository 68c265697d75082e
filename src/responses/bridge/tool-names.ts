import type { ToolIdentity } from '../domain/tool-identity.js';

const MAX_NAME = 64;
/** Room for the longest suffix. */
const SUFFIX_LENGTH = 8;

/** Names of tools on the chat wire: one flat namespace of short names in plain characters. */
export class ToolNames {
  readonly identities = new Map<string, ToolIdentity>();
  private readonly names = new Map<string, string>();
  /** The next number for names with the same beginning, so that each number is tried once. */
  private readonly numbers = new Map<string, number>();

  /** The name of an offered tool; the same tool always gets the same name. */
  offer(identity: ToolIdentity): string {
    const key = keyOf(identity);
    const known = this.names.get(key);
    if (known !== undefined) return known;
    const name = this.free(plain(identity));
    this.names.set(key, name);
    this.identities.set(name, identity);
    return name;
  }

  /** The name in an earlier call, whose tool may not be offered any more. */
  called(identity: ToolIdentity): string {
    return this.names.get(keyOf(identity)) ?? plain(identity);
  }

  private free(wanted: string): string {
    if (!this.identities.has(wanted)) return wanted;
    const stem = wanted.slice(0, MAX_NAME - SUFFIX_LENGTH);
    let name = wanted;
    for (let number = this.numbers.get(stem) ?? 2; this.identities.has(name); number += 1) {
      const suffix = `_${number}`;
      name = wanted.slice(0, MAX_NAME - suffix.length) + suffix;
      this.numbers.set(stem, number + 1);
    }
    return name;
  }
}

function keyOf({ type, name, namespace = '' }: ToolIdentity): string {
  return JSON.stringify([type, namespace, name]);
}

function plain({ name, namespace }: ToolIdentity): string {
  const full = namespace === undefined ? name : `${namespace}__${name}`;
  return full.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, MAX_NAME) || '_';
}
