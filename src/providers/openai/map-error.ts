import { isJsonObject, type JsonObject, type JsonValue } from '../../json.js';
import { parseRetryAfter } from '../http/retry-after.js';
import { failureOfStatus, refusal } from '../map-status.js';
import type { UpstreamFailure } from '../upstream-failure.js';

const PARAM = /^[A-Za-z0-9_.[\]]{1,128}$/;

/** Codes and types that say more than the status, or come inside a stream, where there is no status. */
const STATUS_OF_CODE: ReadonlyMap<string, number> = new Map([
  ['invalid_request_error', 400],
  ['invalid_value', 400],
  ['invalid_api_key', 401],
  ['authentication_error', 401],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['model_not_found', 404],
  ['request_too_large', 413],
  ['rate_limit_exceeded', 429],
  ['rate_limit_error', 429],
  ['insufficient_quota', 429],
  ['server_error', 500],
  ['api_error', 500],
  ['internal_error', 500],
  ['overloaded_error', 503],
  ['service_unavailable', 503],
  ['timeout', 504],
  ['timeout_error', 504],
]);

const CONTENT_REFUSALS: ReadonlySet<string> = new Set([
  'content_filter',
  'content_policy_violation',
  'moderation_blocked',
]);

const TOKEN_LIMITS: ReadonlySet<string> = new Set(['max_tokens', 'max_completion_tokens']);

export interface ErrorContext {
  /** The client's own body; a `param` that is not in it is not shown. */
  readonly chat: JsonObject;
  readonly retryAfter?: string | undefined;
  readonly nowMs: number;
}

/** A refusal with a status of its own. `body` is its parsed JSON, if it is JSON. */
export function mapRefusal(status: number, body: unknown, context: ErrorContext): UpstreamFailure {
  const error = errorOf(body);
  return byCode(error) ?? failureOfStatus(status, details(error, context));
}

/** An error frame inside a stream that began with status 200: its code decides, else it is the upstream's fault. */
export function mapErrorFrame(body: JsonObject, context: ErrorContext): UpstreamFailure {
  const error = errorOf(body);
  return byCode(error) ?? failureOfStatus(statusOf(error) ?? 502, details(error, context));
}

export function isErrorFrame(frame: JsonObject): boolean {
  return frame.object === 'error' || (frame.error !== undefined && frame.error !== null);
}

function byCode({ code, type }: JsonObject): UpstreamFailure | undefined {
  for (const word of [code, type]) {
    if (word === 'context_length_exceeded') return refusal('context_length_exceeded');
    if (isContentRefusal(word)) return refusal('content_filter');
  }
  return undefined;
}

/** Whether an error's `code` or `type` says that the content was not wanted. */
export function isContentRefusal(word: JsonValue | undefined): boolean {
  return typeof word === 'string' && CONTENT_REFUSALS.has(word);
}

/** The error object itself: inside `error`, inside a list (Google), or the body (vLLM). */
function errorOf(body: unknown): JsonObject {
  const outer: unknown = Array.isArray(body) ? body[0] : body;
  if (!isJsonObject(outer)) return {};
  if (isJsonObject(outer.error)) return outer.error;
  return outer;
}

function statusOf({ status, code, type }: JsonObject): number | undefined {
  return asStatus(status) ?? asStatus(code) ?? namedStatus(code) ?? namedStatus(type);
}

function asStatus(value: JsonValue | undefined): number | undefined {
  const status = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value;
  return typeof status === 'number' && Number.isInteger(status) && status >= 400 && status < 600
    ? status
    : undefined;
}

function namedStatus(word: JsonValue | undefined): number | undefined {
  return typeof word === 'string' ? STATUS_OF_CODE.get(word) : undefined;
}

function details({ param }: JsonObject, context: ErrorContext): { param?: string; retryAfterMs?: number } {
  const own = typeof param === 'string' ? ownParam(param, context.chat) : undefined;
  const retryAfterMs = parseRetryAfter(context.retryAfter, context.nowMs);
  return { ...(own !== undefined && { param: own }), ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/** The upstream may have got its token limit in another field than the client's. */
function ownParam(param: string, chat: JsonObject): string | undefined {
  if (!PARAM.test(param)) return undefined;
  if (TOKEN_LIMITS.has(param)) {
    return ['max_completion_tokens', 'max_tokens'].find((field) => Object.hasOwn(chat, field));
  }
  const field = param.split(/[.[]/, 1)[0] ?? '';
  return Object.hasOwn(chat, field) ? param : undefined;
}
