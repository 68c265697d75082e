import type { Receipt } from './receipt.js';

/**
 * The one text of a JSON value, as RFC 8785 has it: no blanks, the names of an object in the order of their UTF-16
 * code units, numbers and strings as ECMAScript writes them. A field that is undefined is absent.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`).join(',')}}`;
}

/** What a signature is over: the camelCase receipt without its signature. */
export function signedText({ signature: _signature, ...receipt }: Receipt): string {
  return canonicalJson(receipt);
}
