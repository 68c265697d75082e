import { malformed } from '../http/malformed.js';
import { readVector, type Vector, type VectorFormat } from './vector.js';

/** One entry of an upstream's list. */
export interface ListedVector {
  /** The position of its input; absent: that of the entry. */
  readonly index?: unknown;
  readonly value: unknown;
}

/**
 * An upstream's embeddings in the order of their inputs, in the form that was asked for.
 * @param count number of inputs
 * @throws UpstreamFailure unless there is one vector for each input, all of one length
 */
export function readVectors(
  listed: readonly ListedVector[],
  count: number,
  format: VectorFormat,
): readonly Vector[] {
  if (listed.length !== count) throw malformed('another number of embeddings than of inputs');
  const vectors = new Array<Vector | undefined>(count).fill(undefined);
  let length: number | undefined;
  listed.forEach(({ index = null, value }, position) => {
    const place = index ?? position;
    if (typeof place !== 'number' || !Number.isInteger(place) || place < 0 || place >= count)
      throw malformed('an embedding for no input');
    if (vectors[place] !== undefined) throw malformed('two embeddings for one input');
    const vector = readVector(value, format);
    if (vector === undefined) throw malformed('an embedding that is neither numbers nor their base64');
    length ??= vector.length;
    if (vector.length !== length) throw malformed('embeddings of several lengths');
    vectors[place] = vector;
  });
  return vectors as readonly Vector[];
}
