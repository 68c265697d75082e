import { type CorsOptions } from '@nestjs/common/interfaces/external/cors-options.interface.js';

/** Every response header that a client in a browser may want to read. */
const EXPOSED_HEADERS = [
  'X-Request-Id',
  'request-id',
  'Retry-After',
  'WWW-Authenticate',
  'X-Should-Retry',
  'X-Compose-Receipt',
  'PAYMENT-REQUIRED',
  'PAYMENT-RESPONSE',
  'x-compose-access-token',
  'x-compose-response-id',
  'x-compose-key-budget-limit',
  'x-compose-key-budget-used',
  'x-compose-key-budget-reserved',
  'x-compose-key-budget-remaining',
  'x-compose-output-cap',
  'x-compose-idempotent-replay',
  'x-compose-upstream-attempts',
  'x-compose-upstream-model',
  'x-compose-upstream-provider',
  'x-compose-poll-interval-ms',
  'x-compose-timeout-ms',
  // A page needs these to resume a video where it stopped.
  'Accept-Ranges',
  'Content-Range',
  'ETag',
] as const;

const PREFLIGHT_MAX_AGE_SECONDS = 600;

/**
 * Undefined (no CORS at all) without origins. A preflight allows all headers that the client asks for, since SDKs send
 * headers of their own. The key in `Authorization` protects a route, and no cookie is ever read.
 */
export function corsOptions(origins: readonly string[]): CorsOptions | undefined {
  if (origins.length === 0) return undefined;
  return {
    origin: origins.includes('*') ? '*' : origins.map(matcherOf),
    exposedHeaders: [...EXPOSED_HEADERS],
    maxAge: PREFLIGHT_MAX_AGE_SECONDS,
  };
}

/** The origin itself, or for `https://*.example.com` a pattern that matches its subdomains, dots included. */
function matcherOf(origin: string): string | RegExp {
  if (!origin.includes('*')) return origin;
  const [scheme = '', rest = ''] = origin.split('*', 2);
  return new RegExp(`^${literal(scheme)}[a-z0-9-]+(?:\\.[a-z0-9-]+)*${literal(rest)}$`);
}

function literal(text: string): string {
  return text.replace(/[^A-Za-z0-9]/g, '\\$&');
}
