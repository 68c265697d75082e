import type { ResponseHead } from './upstream-call.js';

/** The one value of a header; undefined when it is missing or stands there twice. */
export function headerOf({ headers }: ResponseHead, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
