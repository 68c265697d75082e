import { ContextLengthExceeded } from '../base/errors/context-length-exceeded.js';
import { ERRORS, type GatewayError } from '../base/errors/gateway-error.js';
import { UpstreamOverloaded } from '../base/errors/upstream-overloaded.js';
import { namedFrame } from './frames.js';
import { openAi } from './openai-wire.js';
import type { HeaderFields } from './presenter.js';
import type { ErrorAnswer, ErrorContext, Wire } from './wire.js';

/** Anthropic's types by status; the client acts on both. */
const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  412: 'invalid_request_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** Where a repetition changes nothing: Claude Code would repeat 401 and 409 up to ten times. */
const FINAL: ReadonlySet<number> = new Set([400, 401, 402, 403, 404, 409, 412, 413]);
const DEFAULT_RETRY_AFTER_SECONDS = 1;

/** The error object of the Messages API. `details.error_code` is our code, where SDK 1.x reads it. */
export function anthropicError(
  error: GatewayError,
  { requestId, withDetails }: ErrorContext,
): Readonly<Record<string, unknown>> {
  const { param, details } = error;
  const code = codeOf(error);
  return {
    type: 'error',
    error: {
      type: TYPES[ERRORS[code].status] ?? 'api_error',
      message: messageOf(error),
      details: { error_code: code, ...(param !== null && { param }), ...(withDetails && details) },
    },
    request_id: requestId,
  };
}

/** This wire has a status for an upstream that is overloaded. */
function codeOf(error: GatewayError): GatewayError['code'] {
  return error instanceof UpstreamOverloaded ? 'upstream_overloaded' : error.code;
}

/** Anthropic's Messages wire, used on both surfaces. */
export const anthropic = {
  ping: namedFrame('ping', '{"type":"ping"}'),
  end: '',
  errorAnswer,
  errorFrame: (error: GatewayError, requestId: string) =>
    namedFrame('error', JSON.stringify(anthropicError(error, { requestId, withDetails: false }))),
  noRoute: openAi.noRoute,
  keysIn: openAi.keysIn,
} as const satisfies Wire;

function errorAnswer(error: GatewayError, context: ErrorContext): ErrorAnswer {
  return {
    status: ERRORS[codeOf(error)].status,
    // The SDKs read the id from here.
    headers: { ...headersOf(error), 'request-id': context.requestId },
    body: JSON.stringify(anthropicError(error, context)),
  };
}

function headersOf(error: GatewayError): HeaderFields {
  const code = codeOf(error);
  const { retryAfterSeconds, shouldRetry } = error;
  const { status } = ERRORS[code];
  const isFinal = shouldRetry === false || (FINAL.has(status) && code !== 'idempotency_in_flight');
  const waits =
    retryAfterSeconds ?? (status === 429 || status === 503 ? DEFAULT_RETRY_AFTER_SECONDS : undefined);
  return {
    ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
    ...(isFinal ? { 'X-Should-Retry': 'false' } : {}),
    ...(waits === undefined || isFinal ? {} : { 'Retry-After': String(Math.ceil(waits)) }),
  };
}

/** Claude Code reads these two numbers, compacts its context, and goes on. */
function messageOf(error: GatewayError): string {
  if (error.code === 'insufficient_budget') return budgetWords(error);
  if (error.code === 'missing_api_key') return NO_KEY;
  if (!(error instanceof ContextLengthExceeded)) return error.message;
  const { contextWindow, inputTokens } = error;
  return `prompt is too long: ${Math.max(inputTokens ?? 0, contextWindow + 1)} tokens > ${contextWindow} maximum`;
}

const NO_KEY = 'No API key was sent. Send it as `x-api-key: compose-…` or `Authorization: Bearer compose-…`.';

/** Claude Code shows this to a person and stops. */
function budgetWords({ details = {} }: GatewayError): string {
  const [required, remaining] = [usd(details['required']), usd(details['remaining'])];
  const how =
    required === undefined || remaining === undefined
      ? ''
      : `: this call needs up to ${required}, and ${remaining} is left`;
  return `The budget of this API key is used up${how}. Whoever gave out the key can raise its budget.`;
}

/** Atomic USDC as dollars. */
function usd(atomic: string | number | undefined): string | undefined {
  if (atomic === undefined) return undefined;
  return `$${(Number(atomic) / 1e6).toFixed(6).replace(/0{1,4}$/, '')}`;
}
