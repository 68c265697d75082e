// @ts-check
/** Microseconds of the machine's monotonic clock: the same in all processes, so their readings can be subtracted. */
export function microseconds() {
  return Number(process.hrtime.bigint() / 1000n);
}
