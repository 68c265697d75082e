import { DatabaseAway } from './database-away.js';

/** Every code that a client can receive, with its HTTP status, its envelope `type` and a default text. */
export const ERRORS = {
  invalid_json: { status: 400, type: 'invalid_request_error', text: 'The request body is not valid JSON.' },
  invalid_value: { status: 400, type: 'invalid_request_error', text: 'A value in the request is not valid.' },
  missing_required_parameter: {
    status: 400,
    type: 'invalid_request_error',
    text: 'A required parameter is missing.',
  },
  unsupported_parameter: {
    status: 400,
    type: 'invalid_request_error',
    text: 'A parameter is not supported here.',
  },
  chain_not_supported: {
    status: 400,
    type: 'invalid_request_error',
    text: 'This chain is not configured on this gateway.',
  },
  previous_response_not_found: {
    status: 400,
    type: 'invalid_request_error',
    text: 'There is no such previous response.',
  },
  context_length_exceeded: {
    status: 400,
    type: 'invalid_request_error',
    text: "The input is longer than the model's maximum context length. Please reduce its length.",
  },
  content_filter: {
    status: 400,
    type: 'invalid_request_error',
    text: "The request was refused by the provider's content filter.",
  },
  /** OpenAI's name: clients know it, and connect again. */
  websocket_connection_limit_reached: {
    status: 400,
    type: 'invalid_request_error',
    text: 'This WebSocket connection has reached its age limit. Open a new one.',
  },
  missing_api_key: {
    status: 401,
    type: 'authentication_error',
    text: 'No API key was sent. Send it as `Authorization: Bearer compose-…`.',
  },
  invalid_api_key: { status: 401, type: 'authentication_error', text: 'The API key is not valid.' },
  revoked_api_key: { status: 401, type: 'authentication_error', text: 'The API key has been revoked.' },
  expired_api_key: { status: 401, type: 'authentication_error', text: 'The API key has expired.' },
  invalid_admin_token: {
    status: 401,
    type: 'authentication_error',
    text: 'The admin token is missing or wrong. Send it as `Authorization: Bearer …`.',
  },
  insufficient_budget: {
    status: 402,
    type: 'payment_error',
    text: "The key's budget does not cover this call.",
  },
  payment_required: {
    status: 402,
    type: 'payment_error',
    text: 'This call wants an API key, or a payment as the PAYMENT-REQUIRED header describes it.',
  },
  model_not_allowed: { status: 403, type: 'permission_error', text: 'This key may not use this model.' },
  storage_limit_exceeded: {
    status: 403,
    type: 'permission_error',
    text: 'The account has stored as many bytes as it may. Delete responses, conversations or videos, or store nothing: `store: false`, no Idempotency-Key, no conversation.',
  },
  not_found: { status: 404, type: 'invalid_request_error', text: 'There is nothing at this address.' },
  response_not_found: {
    status: 404,
    type: 'invalid_request_error',
    text: 'There is no such response.',
  },
  conversation_not_found: {
    status: 404,
    type: 'invalid_request_error',
    text: 'There is no such conversation.',
  },
  /** A Message that an Anthropic client wants to continue; its SDK then sends the whole conversation. */
  thread_not_found: { status: 404, type: 'invalid_request_error', text: 'There is no such thread.' },
  receipt_not_found: { status: 404, type: 'invalid_request_error', text: 'There is no such receipt.' },
  video_not_found: { status: 404, type: 'invalid_request_error', text: 'There is no such video.' },
  model_not_found: { status: 404, type: 'invalid_request_error', text: 'There is no such model.' },
  conversation_locked: {
    status: 409,
    type: 'invalid_request_error',
    text: 'A response still runs on this conversation. Try again when it has ended.',
  },
  cancel_not_supported: {
    status: 409,
    type: 'invalid_request_error',
    text: "The model's provider cannot stop a video that it has begun. It runs on.",
  },
  idempotency_conflict: {
    status: 409,
    type: 'invalid_request_error',
    text: 'This Idempotency-Key was used for another request. Take a new one.',
  },
  idempotency_in_flight: {
    status: 409,
    type: 'invalid_request_error',
    text: 'The first request with this Idempotency-Key still runs. Try again when it has ended.',
  },
  payment_used: {
    status: 409,
    type: 'payment_error',
    text: 'This payment has been used, and what it bought is not kept. Nothing more was paid.',
  },
  permit2_allowance_required: {
    status: 412,
    type: 'payment_error',
    text: 'The wallet has not allowed the Permit2 contract to move its tokens. Approve it, then pay.',
  },
  request_too_large: { status: 413, type: 'invalid_request_error', text: 'The request body is too large.' },
  range_not_satisfiable: {
    status: 416,
    type: 'invalid_request_error',
    text: 'The content ends before the range that was asked for.',
  },
  rate_limit_exceeded: { status: 429, type: 'rate_limit_error', text: 'Too many requests. Try again later.' },
  concurrency_limit_exceeded: {
    status: 429,
    type: 'rate_limit_error',
    text: 'Too many requests of this key are running. Try again when one has ended.',
  },
  budget_held: {
    status: 429,
    type: 'rate_limit_error',
    text: "The key's remaining budget is held by calls that are still running. Try again when one has ended.",
  },
  internal_error: { status: 500, type: 'server_error', text: 'The gateway failed to handle the request.' },
  upstream_error: {
    status: 502,
    type: 'upstream_error',
    text: "The model's provider answered with an error.",
  },
  upstream_unavailable: {
    status: 503,
    type: 'upstream_error',
    text: "The model's provider cannot be reached at the moment.",
  },
  /** Anthropic's wire alone: see `UpstreamOverloaded`. */
  upstream_overloaded: {
    status: 529,
    type: 'upstream_error',
    text: "The model's provider is overloaded at the moment.",
  },
  upstream_timeout: {
    status: 504,
    type: 'upstream_error',
    text: "The model's provider did not answer in time.",
  },
  service_unavailable: {
    status: 503,
    type: 'server_error',
    text: 'The gateway cannot take this call at the moment. Try again shortly.',
  },
  /** In a stream: a call was cut off after it had shown something. As an answer: such a call was repeated. */
  server_error: {
    status: 500,
    type: 'server_error',
    text: 'The gateway stopped this call before it was complete.',
  },
} as const satisfies Record<string, { status: number; type: string; text: string }>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorOptions {
  /** Path of the offending field, such as `messages[2].content`. */
  readonly param?: string | undefined;
  /** Seconds after which a retry may succeed; becomes the `Retry-After` header. */
  readonly retryAfterSeconds?: number | undefined;
  /** Tells official SDKs not to retry, whatever the status; becomes the `X-Should-Retry` header. */
  readonly shouldRetry?: false | undefined;
  /** Shown inside `error.details` on the native surface only. */
  readonly details?: Readonly<Record<string, string | number>> | undefined;
  /** Further headers of the answer, on the native surface only. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** For the log only; never shown to a client. */
  readonly cause?: unknown;
}

/** A failure that a client may see: its code determines status and type, and its message is safe to show. */
export class GatewayError extends Error {
  readonly param: string | null;
  readonly retryAfterSeconds: number | undefined;
  readonly shouldRetry: false | undefined;
  readonly details: Readonly<Record<string, string | number>> | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;

  constructor(
    readonly code: ErrorCode,
    message?: string,
    options: ErrorOptions = {},
  ) {
    super(message ?? ERRORS[code].text, { cause: options.cause });
    this.name = 'GatewayError';
    this.param = options.param ?? null;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.shouldRetry = options.shouldRetry;
    this.details = options.details;
    this.headers = options.headers;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get type(): string {
    return ERRORS[this.code].type;
  }
}

/**
 * The log level for a failure that a client saw. Undefined when the client caused it, or when the attempt at the
 * provider was logged already.
 */
export function severityOf({ code, status, type, cause }: GatewayError): 'error' | 'warn' | undefined {
  if (code === 'internal_error') return 'error';
  return status >= 500 && type !== 'upstream_error' && cause !== undefined ? 'warn' : undefined;
}

function databaseAway(cause: DatabaseAway): GatewayError {
  return new GatewayError('service_unavailable', undefined, { retryAfterSeconds: 5, cause });
}

/** Turns anything thrown into an error that is safe to show; an unknown failure keeps its cause for the log only. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  if (thrown instanceof DatabaseAway) return databaseAway(thrown);
  return new GatewayError('internal_error', undefined, { cause: thrown });
}
