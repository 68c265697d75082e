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
