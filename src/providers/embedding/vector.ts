/** One embedding in the form in which a client wants it: its numbers, or the base64 of them as little-endian float32. */
export type Vector = readonly number[] | string;

export type VectorFormat = 'float' | 'base64';

/** Twenty times the dimensions of the largest known models. */
const MOST_DIMENSIONS = 65_536;
const BYTES_PER_NUMBER = 4;
/** Without the alphabet, which decoding and encoding again checks. */
const BASE64_GROUP = 4;

/**
 * An upstream's embedding in the form that was asked for, whichever of the two it came in. Undefined for anything but
 * one or more numbers that a float32 can hold.
 */
export function readVector(value: unknown, format: VectorFormat): Vector | undefined {
  if (typeof value === 'string') {
    const numbers = decodeVector(value);
    return numbers && (format === 'base64' ? value : numbers);
  }
  if (!isVector(value)) return undefined;
  return format === 'base64' ? encodeVector(value) : value;
}

/** Numbers beyond float32 become infinite, and others lose what it cannot hold. */
export function encodeVector(numbers: readonly number[]): string {
  const bytes = Buffer.allocUnsafe(numbers.length * BYTES_PER_NUMBER);
  numbers.forEach((number, index) => bytes.writeFloatLE(number, index * BYTES_PER_NUMBER));
  return bytes.toString('base64');
}

/** Undefined for what is not the base64 of one or more finite numbers. */
export function decodeVector(text: string): readonly number[] | undefined {
  const mostCharacters = Math.ceil((MOST_DIMENSIONS * BYTES_PER_NUMBER) / 3) * BASE64_GROUP;
  if (text.length === 0 || text.length > mostCharacters) return undefined;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length % BYTES_PER_NUMBER !== 0 || bytes.toString('base64') !== text) return undefined;
  const numbers = Array.from({ length: bytes.length / BYTES_PER_NUMBER }, (_, index) =>
    bytes.readFloatLE(index * BYTES_PER_NUMBER),
  );
  return numbers.every(Number.isFinite) ? numbers : undefined;
}

function isVector(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= MOST_DIMENSIONS &&
    value.every((number) => typeof number === 'number' && Number.isFinite(Math.fround(number)))
  );
}
