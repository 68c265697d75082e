/** One embedding in the form in which a client wants it: its numbers, or the base64 of them as little-endian float32. */
export type Vector = readonly number[] | string;

export type VectorFormat = 'float' | 'base64';

/** Twenty times the dimensions of the largest known models. */
const MOST_DIMENSIONS = 65_536;
const BYTES_PER_NUMBER = 4;
const MOST_CHARACTERS = 4 * Math.ceil((MOST_DIMENSIONS * BYTES_PER_NUMBER) / 3);
/** The exponent of a float32 that is infinite or no number. */
const NOT_FINITE = 0x7f80_0000;

/**
 * An upstream's embedding in the form that was asked for, whichever of the two it came in. Undefined for anything but
 * one or more numbers that a float32 can hold.
 */
export function readVector(value: unknown, format: VectorFormat): Vector | undefined {
  if (typeof value === 'string') {
    if (format === 'float') return decodeVector(value);
    return bytesOf(value) && value;
  }
  if (!isVector(value)) return undefined;
  return format === 'base64' ? encodeVector(value) : value;
}

/** Numbers beyond float32 become infinite, and others lose what it cannot hold. */
export function encodeVector(numbers: readonly number[]): string {
  const bytes = Buffer.allocUnsafe(numbers.length * BYTES_PER_NUMBER);
  let at = 0;
  for (const number of numbers) at = bytes.writeFloatLE(number, at);
  return bytes.toString('base64');
}

/** Undefined for what is not the base64 of one or more finite numbers. */
export function decodeVector(text: string): readonly number[] | undefined {
  const bytes = bytesOf(text);
  if (!bytes) return undefined;
  const numbers = new Array<number>(bytes.length / BYTES_PER_NUMBER);
  for (let index = 0; index < numbers.length; index += 1)
    numbers[index] = bytes.readFloatLE(index * BYTES_PER_NUMBER);
  return numbers;
}

function bytesOf(text: string): Buffer | undefined {
  if (text.length === 0 || text.length > MOST_CHARACTERS) return undefined;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length % BYTES_PER_NUMBER !== 0 || bytes.toString('base64') !== text) return undefined;
  for (let at = 0; at < bytes.length; at += BYTES_PER_NUMBER)
    if ((bytes.readInt32LE(at) & NOT_FINITE) === NOT_FINITE) return undefined;
  return bytes;
}

function isVector(value: unknown): value is readonly number[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_DIMENSIONS) return false;
  for (const number of value as readonly unknown[])
    if (typeof number !== 'number' || !Number.isFinite(Math.fround(number))) return false;
  return true;
}
