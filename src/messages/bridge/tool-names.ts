import { createHash } from 'node:crypto';

/** Longest name that every upstream takes; Anthropic's tools have up to 128 characters. */
const MAX_NAME = 64;
const HASH_LENGTH = 8;

/** Names of tools as every upstream takes them, and back. A name always becomes the same one, on every turn. */
export class ToolNames {
  private readonly own = new Map<string, string>();

  /** The name for upstreams. */
  shorten(name: string): string {
    if (name.length <= MAX_NAME) return name;
    const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_LENGTH);
    const short = `${name.slice(0, MAX_NAME - HASH_LENGTH - 1)}_${hash}`;
    this.own.set(short, name);
    return short;
  }

  /** The client's name for a name that came from an upstream. */
  restore(name: string): string {
    return this.own.get(name) ?? name;
  }
}
