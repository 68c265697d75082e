import type { ResponseHead } from './upstream-call.js';

/** The single value of a header; undefined when the header is missing or repeated. */
export function headerOf({ headers }: ResponseHead, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
