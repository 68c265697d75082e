/** PostgreSQL's object id of the type `text`. */
const TEXT_OID = 25;
/** Dimensions, whether there are nulls, the type, then length and first index of the one dimension. */
const HEAD_BYTES = 20;
const LENGTH_BYTES = 4;
const NULL_LENGTH = -1;

/**
 * A parameter of the type `text[]` in PostgreSQL's binary form, which takes the texts as they are. In the text form
 * each of them is quoted here and unquoted by the server: that costs five times as much, most of all for JSON.
 */
export function textArray(values: readonly (string | null | undefined)[]): Buffer {
  let bytes = HEAD_BYTES;
  for (const value of values) bytes += LENGTH_BYTES + Buffer.byteLength(value ?? '');
  const array = Buffer.allocUnsafe(bytes);
  array.writeInt32BE(1, 0);
  array.writeInt32BE(values.some((value) => value == null) ? 1 : 0, 4);
  array.writeInt32BE(TEXT_OID, 8);
  array.writeInt32BE(values.length, 12);
  array.writeInt32BE(1, 16);
  let at = HEAD_BYTES;
  for (const value of values) {
    const length = value == null ? NULL_LENGTH : array.write(value, at + LENGTH_BYTES);
    array.writeInt32BE(length, at);
    at += LENGTH_BYTES + Math.max(0, length);
  }
  return array;
}
