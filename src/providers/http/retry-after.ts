import { headerOf } from './header.js';
import type { ResponseHead } from './upstream-call.js';

const MAX_RETRY_AFTER_MS = 3_600_000;

/**
 * Milliseconds, where a service is more exact than `Retry-After` allows: OpenAI's and Anthropic's SDKs read the first,
 * Azure's read both. https://github.com/Azure/azure-sdk-for-js `throttlingRetryStrategy.ts`
 */
const IN_MILLISECONDS = ['retry-after-ms', 'x-ms-retry-after-ms'] as const;

const NUMBER = /^\d+(\.\d+)?$/;
/** All three forms of a date in HTTP begin with a day's name (RFC 9110, 5.6.7). */
const DATE = /^[A-Za-z]{3,9}[, ]/;

/** How long an answer asks to wait, as the value of a `Retry-After`. */
export function retryAfterIn(head: ResponseHead): string | undefined {
  for (const name of IN_MILLISECONDS) {
    const value = headerOf(head, name)?.trim() ?? '';
    if (NUMBER.test(value)) return (Number(value) / 1_000).toFixed(3);
  }
  return headerOf(head, 'retry-after');
}

/**
 * Milliseconds from a `Retry-After` in seconds or as an HTTP date, between 0 and one hour; undefined for anything else.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? '';
  const afterMs = NUMBER.test(text) ? Number(text) * 1_000 : DATE.test(text) ? Date.parse(text) - nowMs : NaN;
  return Number.isNaN(afterMs) ? undefined : Math.min(Math.max(Math.ceil(afterMs), 0), MAX_RETRY_AFTER_MS);
}
