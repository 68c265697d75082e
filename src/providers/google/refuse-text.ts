import { ContextLengthExceeded } from '../../base/errors/context-length-exceeded.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { mapErrorFrame, mapRefusal, type RequestContext } from '../map-error.js';
import { failureOfStatus, refusal } from '../map-status.js';
import { readError } from '../read-error.js';
import type { TextRequest, ToClientParam } from '../text/text-request.js';
import { UpstreamFailure } from '../upstream-failure.js';

/** Fields of this wire, as violations and messages name them, with those of the chat body that they come from. */
const PARAMS: readonly (readonly [RegExp, string])[] = [
  [/stop_?sequences/i, 'stop'],
  [/max_?output_?tokens/i, 'max_completion_tokens'],
  [/candidate_?count/i, 'n'],
  [/response_?(?:json_?)?schema|response_?mime_?type/i, 'response_format'],
  [/thinking/i, 'reasoning_effort'],
  [/presence_?penalty/i, 'presence_penalty'],
  [/frequency_?penalty/i, 'frequency_penalty'],
  [/temperature/i, 'temperature'],
  [/top_?p\b/i, 'top_p'],
  [/logprobs/i, 'logprobs'],
  [/service_?tier/i, 'service_tier'],
  [/google_?search/i, 'web_search_options'],
  [/allowed_?function_?names|tool_?config/i, 'tool_choice'],
  [/function_?declarations|^tools\b/i, 'tools'],
  [/^contents\b/i, 'messages'],
];

/**
 * The service has no code for a context that is full:
 * https://github.com/google-gemini/gemini-cli/issues (`The input token count (…) exceeds the maximum number of tokens`).
 */
const FULL_CONTEXT = /^(?:\* )?The input token count(?: \((\d{1,9})\))? exceeds the maximum number of tokens/;

/** A delay as `google.rpc.RetryInfo` has it. */
const DELAY = /^(\d{1,6}(?:\.\d{1,9})?)s$/;

export interface RefusalContext {
  readonly request: TextRequest;
  readonly secrets: readonly string[];
  readonly retryAfter: string | undefined;
  readonly nowMs: number;
}

/** The failure for a refusal with a status of its own. `body` is its parsed JSON, if it is JSON. */
export function refuseText(status: number, body: unknown, context: RefusalContext): UpstreamFailure {
  const read = readError(body);
  const said = { status, words: { code: read.code, type: read.type, message: read.message } };
  const full = status === 400 ? FULL_CONTEXT.exec(read.message ?? '') : null;
  if (full) {
    const { model, toClientParam } = context.request;
    const inputTokens = full[1] === undefined ? undefined : Number(full[1]);
    const param = toClientParam ? toClientParam('messages') : 'messages';
    const error = new ContextLengthExceeded({ contextWindow: model.contextWindow, inputTokens, param });
    return new UpstreamFailure(error, { ...refusal(error).options, said });
  }
  // An account that is not set up is the operator's problem.
  if (status === 400 && read.error['status'] === 'FAILED_PRECONDITION') {
    const { error, options } = failureOfStatus(401);
    return new UpstreamFailure(error, { ...options, said });
  }
  const param = read.fields.map(paramOf).find((found) => found !== undefined);
  const retryAfter = context.retryAfter ?? delayIn(read.error['details']);
  const known = { error: { ...read.error, ...(param !== undefined && { param }) } };
  return mapRefusal(status, known, { ...errorContext(context), retryAfter, nowMs: context.nowMs });
}

/** The failure that an answer is in truth; undefined for an answer. */
export function failureIn(
  frame: JsonObject,
  event: string,
  context: Omit<RefusalContext, 'retryAfter' | 'nowMs'>,
): UpstreamFailure | undefined {
  if (event !== 'error' && !isJsonObject(frame['error'])) return undefined;
  return mapErrorFrame(frame, { ...errorContext(context), nowMs: Date.now() });
}

function errorContext({ request, secrets }: Pick<RefusalContext, 'request' | 'secrets'>): RequestContext {
  const { prompt, model } = request;
  // The message is about this wire's fields, so no client is shown it: hence a function for clients of the chat wire too.
  const toClientParam = request.toClientParam ?? ownFields(prompt.chatBody ?? {});
  return { prompt, toClientParam, contextWindow: model.contextWindow, secrets };
}

/** A field that the client did not send is not named. */
function ownFields(chat: JsonObject): ToClientParam {
  return (param) => {
    const names = param === 'max_completion_tokens' ? [param, 'max_tokens'] : [param];
    return names.find((name) => Object.hasOwn(chat, name));
  };
}

function paramOf(field: string): string | undefined {
  return PARAMS.find(([pattern]) => pattern.test(field))?.[1];
}

/** Seconds, as in a `Retry-After`. */
export function delayIn(details: JsonValue | undefined): string | undefined {
  if (!Array.isArray(details)) return undefined;
  for (const detail of details as readonly JsonValue[]) {
    const delay = isJsonObject(detail) ? detail['retryDelay'] : undefined;
    const found = typeof delay === 'string' ? DELAY.exec(delay) : null;
    if (found) return found[1];
  }
  return undefined;
}
