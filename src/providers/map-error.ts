import { GatewayError } from '../base/errors/gateway-error.js';
import { ContextLengthExceeded } from '../base/errors/context-length-exceeded.js';
import type { JsonObject } from '../base/json.js';
import { cleanMessage } from './clean-message.js';
import { parseRetryAfter } from './http/retry-after.js';
import { failureOfStatus, refusal, type StatusDetails } from './map-status.js';
import type { Prompt } from '../text/prompt.js';
import type { ToClientParam } from './text/text-request.js';
import { UpstreamFailure } from './upstream-failure.js';
import { countedInput, isContentRefusal, operatorsStatus, saysFullContext, statusOf } from './error-words.js';
import { readError, type ReadError } from './read-error.js';

const PARAM = /^[A-Za-z0-9_.[\]]{1,128}$/;

/** Payment required. */
const UNPAID_STATUS = 402;

const TOKEN_LIMITS: ReadonlySet<string> = new Set(['max_tokens', 'max_completion_tokens']);

/** What a message says beyond the error's codes. */
export type MessageSense =
  | { readonly type: 'full_context'; readonly inputTokens?: number | undefined }
  /** The operator's account has nothing left to spend. */
  | { readonly type: 'unpaid' };

/** The refused request, and what may be said about it. */
export interface RequestContext {
  readonly prompt?: Prompt;
  /** For another route of this wire: the client's own body, and its field for what may be too long. */
  readonly own?: { readonly body: JsonObject; readonly input: string };
  /** The client's name for a field of a chat body, where its wire is not the chat wire. */
  readonly toClientParam?: ToClientParam | undefined;
  /**
   * For an upstream of OpenAI's other wire: its name for a field as a path in a chat body. Its messages, which have
   * its own names, are then not shown.
   */
  readonly toChatParam?: ((param: string) => string) | undefined;
  /** The model's window, in tokens. */
  readonly contextWindow?: number;
  /** Texts that must not be in a message: the key, the model's name at the upstream. */
  readonly secrets?: readonly string[];
  /** The upstream speaks another wire than chat: its names of fields, and its words on them, are nobody's here. */
  readonly isOtherWire?: true;
  /** For a service that says some things in its messages alone. */
  readonly senseOf?: (message: string) => MessageSense | undefined;
}

export interface ErrorContext extends RequestContext {
  readonly retryAfter?: string | undefined;
  readonly nowMs: number;
}

/** A refusal with a status of its own. `body` is its parsed JSON, if it is JSON. */
export function mapRefusal(status: number, body: unknown, context: ErrorContext): UpstreamFailure {
  return mapped(status, status, readError(body), context);
}

/** An error frame inside a stream that began with status 200: its code decides, else it is the upstream's fault. */
export function mapErrorFrame(body: JsonObject, context: ErrorContext): UpstreamFailure {
  const read = readError(body);
  const { status } = read.error;
  return mapped(
    undefined,
    statusOf(typeof status === 'number' ? [String(status), ...read.words] : read.words) ?? 502,
    read,
    context,
  );
}

export function isErrorFrame(frame: JsonObject): boolean {
  return frame.object === 'error' || (frame.error !== undefined && frame.error !== null);
}

function mapped(
  httpStatus: number | undefined,
  status: number,
  read: ReadError,
  context: ErrorContext,
): UpstreamFailure {
  const sense = read.message === undefined ? undefined : context.senseOf?.(read.message);
  const { error, options } =
    bySense(sense, context) ?? byWords(read, context) ?? byStatus(status, read, context);
  const { code, type, param, message } = read;
  return new UpstreamFailure(error, {
    ...options,
    said: { status: httpStatus, words: { code, type, param, message } },
  });
}

function bySense(sense: MessageSense | undefined, context: ErrorContext): UpstreamFailure | undefined {
  if (sense === undefined) return undefined;
  if (sense.type === 'unpaid') return failureOfStatus(UNPAID_STATUS);
  return refusal(fullContext(sense.inputTokens, context));
}

function byWords({ words, param, error }: ReadError, context: ErrorContext): UpstreamFailure | undefined {
  if (saysFullContext(words, param)) return refusal(fullContext(countedInput(error), context));
  if (words.some(isContentRefusal)) return refusal(new GatewayError('content_filter'));
  return undefined;
}

function byStatus(status: number, read: ReadError, context: ErrorContext): UpstreamFailure {
  const operators = operatorsStatus(read.words, status < 500 ? read.param : undefined);
  return failureOfStatus(operators ?? status, details(read, context));
}

function fullContext(
  inputTokens: number | undefined,
  { contextWindow, ...context }: ErrorContext,
): GatewayError {
  const param = context.own?.input ?? clientParam('messages', context);
  return contextWindow === undefined
    ? new GatewayError('context_length_exceeded', undefined, { param })
    : new ContextLengthExceeded({ contextWindow, inputTokens, param });
}

function details({ param, message }: ReadError, context: ErrorContext): StatusDetails {
  const retryAfterMs = parseRetryAfter(context.retryAfter, context.nowMs);
  if (context.isOtherWire) return { retryAfterMs };
  const { toChatParam = asItIs } = context;
  const own = param === undefined ? undefined : clientParam(toChatParam(param), context);
  // Only where both wires are chat does the message refer to the client's own field and words.
  const isSameWire = !context.toClientParam && !context.toChatParam;
  const shown = isSameWire ? cleanMessage(message, context.secrets) : undefined;
  return {
    ...(own !== undefined && { param: own, message: shown }),
    retryAfterMs,
  };
}

function asItIs(param: string): string {
  return param;
}

function clientParam(param: string, { prompt, own, toClientParam }: ErrorContext): string | undefined {
  const plain = param.replace(/^body\./, '');
  if (!PARAM.test(plain)) return undefined;
  return toClientParam ? toClientParam(plain) : ownParam(plain, own?.body ?? prompt?.chatBody ?? {});
}

/** A field that the client did not send is not shown. The upstream may have got the token limit in another field. */
function ownParam(param: string, body: JsonObject): string | undefined {
  if (TOKEN_LIMITS.has(param)) {
    return ['max_completion_tokens', 'max_tokens'].find((field) => Object.hasOwn(body, field));
  }
  const field = param.split(/[.[]/, 1)[0] ?? '';
  return Object.hasOwn(body, field) ? param : undefined;
}
