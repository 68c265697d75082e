const MAX_RETRY_AFTER_MS = 3_600_000;

/** Milliseconds from a `Retry-After` in seconds or as an HTTP date, between 0 and one hour. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  const afterMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(afterMs) ? undefined : Math.min(Math.max(Math.ceil(afterMs), 0), MAX_RETRY_AFTER_MS);
}
