// @ts-check

/**
 * The value below which the given share of the sorted values lies.
 * @param {readonly number[]} sorted
 * @param {number} share 0..1
 */
function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** @param {Iterable<number>} values */
export function summary(values) {
  const sorted = Array.from(Float64Array.from(values).sort());
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const at = (/** @type {number} */ index) => sorted[Math.floor(index)] ?? NaN;
  const middle = (sorted.length - 1) / 2;
  return (at(middle) + at(middle + 0.5)) / 2;
}

const BUCKET_MICROSECONDS = 100;
const BUCKETS = 100_000;

/** Times of any number in constant memory: exact to 0.1 ms up to 10 s, above it only the largest is. */
export class Histogram {
  #buckets = new Uint32Array(BUCKETS);
  count = 0;
  max = NaN;

  /** @param {number} microseconds */
  add(microseconds) {
    const bucket = Math.min(BUCKETS - 1, Math.max(0, Math.floor(microseconds / BUCKET_MICROSECONDS)));
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.count += 1;
    this.max = this.count === 1 ? microseconds : Math.max(this.max, microseconds);
  }

  /** @param {number} share 0..1 @returns {number} microseconds */
  quantile(share) {
    let seen = 0;
    for (const [bucket, count] of this.#buckets.entries()) {
      seen += count;
      if (seen > share * this.count || (seen === this.count && seen > 0)) return bucket * BUCKET_MICROSECONDS;
    }
    return NaN;
  }

  /** @param {number} microseconds how many were longer */
  above(microseconds) {
    return this.#buckets.subarray(microseconds / BUCKET_MICROSECONDS).reduce((sum, count) => sum + count, 0);
  }

  summary() {
    return { count: this.count, p50: this.quantile(0.5), p99: this.quantile(0.99), max: this.max };
  }
}
