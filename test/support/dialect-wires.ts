import type { JsonObject, JsonValue } from '../../src/base/json.js';
import { chatAnswer, chatChunk, chatUsage, sse, usageChunk } from './chat-wire.js';
import { geminiFrame } from './gemini-wire.js';
import { messageOf, namedFrames } from './messages-wire.js';
import type { Exchange, ScriptedUpstream } from './scripted-upstream.js';
import { messageItem, textPart, type WireEvent, wireFrames, wireResponse } from './responses-wire.js';

export interface Counts {
  readonly input: number;
  readonly output: number;
}

/** What a service says that refuses with 400, 401, 429 or 500. */
type Status = 400 | 401 | 429 | 500;

/** One of the wires that upstreams speak, said in the same few words as the others. */
export interface DialectWire {
  readonly name: string;
  /** Of a provider in a gateway file, but for its id, address and key. */
  readonly provider: JsonObject;
  /** Whether an address ends where the version begins. */
  readonly isOrigin: boolean;
  /** Frames that begin an answer and say nothing. */
  readonly start: string;
  /** A frame of one word; `more` is added to it, and to what is nested in it. */
  readonly word: (text: string, more?: JsonObject) => string;
  /** A frame that nobody knows. */
  readonly unknown: (more: JsonObject) => string;
  /** A frame that tells of a usage before the last one does; `more` is added to it. */
  readonly counts: (counts: Counts, more?: JsonObject) => string;
  /** The last frames; `more` is added to what they tell of the end. */
  readonly end: (counts: Counts | undefined, more?: JsonObject) => string;
  /** A whole answer. */
  readonly whole: (text: string, counts: Counts | undefined) => JsonObject;
  /** The error of a refusal. */
  readonly error: (status: Status, message: string) => JsonObject;
  /** The body of a refusal. */
  readonly refusal: (error: JsonObject) => JsonObject;
  /** A frame with an error. */
  readonly failed: (error: JsonObject) => string;
}

const OPENAI_ERRORS: Readonly<Record<Status, JsonObject>> = {
  400: { type: 'invalid_request_error', param: 'temperature', code: 'unsupported_value' },
  401: { type: 'authentication_error', param: null, code: 'invalid_api_key' },
  429: { type: 'requests', param: null, code: 'rate_limit_exceeded' },
  500: { type: 'server_error', param: null, code: 'server_error' },
};

const CHAT: DialectWire = {
  name: 'chat',
  provider: { type: 'openai', wires: ['chat'] },
  isOrigin: false,
  start: sse(chatChunk({ role: 'assistant', content: '' })),
  word: (text, more = {}) => sse(chatChunk({ content: text, ...more }, null, more)),
  unknown: (more) => sse({ object: 'mystery', ...more }),
  counts: ({ input, output }, more = {}) =>
    sse({ ...usageChunk({ ...chatUsage(input, output), ...more }), ...more }),
  end: (counts, more = {}) =>
    sse(
      chatChunk({}, 'stop', more),
      ...(counts ? [usageChunk(chatUsage(counts.input, counts.output))] : []),
      '[DONE]',
    ),
  whole: (text, counts) =>
    chatAnswer({ content: text }, 'stop', { usage: counts ? chatUsage(counts.input, counts.output) : null }),
  error: (status, message) => ({ message, ...OPENAI_ERRORS[status] }),
  refusal: (error) => ({ error }),
  failed: (error) => sse({ error }),
};

const HERE: JsonObject = { item_id: 'msg_up', output_index: 0, content_index: 0 };

function responsesUsage(counts: Counts | undefined): JsonObject | null {
  if (!counts) return null;
  const { input, output } = counts;
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + output,
  };
}

function responsesStart(usage: JsonValue): WireEvent[] {
  const response = wireResponse([], { status: 'in_progress', usage });
  return [
    { type: 'response.created', response },
    { type: 'response.in_progress', response },
  ];
}

const RESPONSES: DialectWire = {
  name: 'responses',
  provider: { type: 'openai', wires: ['responses'] },
  isOrigin: false,
  start: wireFrames(
    ...responsesStart(null),
    { type: 'response.output_item.added', output_index: 0, item: messageItem() },
    { type: 'response.content_part.added', ...HERE, part: textPart('') },
  ),
  word: (text, more = {}) =>
    wireFrames({ type: 'response.output_text.delta', ...HERE, delta: text, logprobs: [], ...more }),
  unknown: (more) => wireFrames({ type: 'response.mystery', ...more }),
  counts: (counts, more = {}) =>
    wireFrames(...responsesStart({ ...responsesUsage(counts), ...more }).slice(1)),
  end: (counts, more = {}) =>
    wireFrames({
      type: 'response.completed',
      ...more,
      response: wireResponse([], { ...more, usage: responsesUsage(counts) }),
    }),
  whole: (text, counts) => wireResponse([messageItem(textPart(text))], { usage: responsesUsage(counts) }),
  error: CHAT.error,
  refusal: CHAT.refusal,
  failed: (error) => wireFrames({ type: 'error', error }),
};

const messagesUsage = ({ input, output }: Counts): JsonObject => ({
  input_tokens: input,
  output_tokens: output,
});

const ANTHROPIC_TYPES: Readonly<Record<Status, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  429: 'rate_limit_error',
  500: 'api_error',
};

const ANTHROPIC: DialectWire = {
  name: 'anthropic',
  provider: { type: 'anthropic' },
  isOrigin: false,
  start: namedFrames(
    { type: 'message_start', message: { ...messageOf([]), stop_reason: null, usage: null } },
    { type: 'ping' },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  ),
  word: (text, more = {}) =>
    namedFrames({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text, ...more },
      ...more,
    }),
  unknown: (more) => namedFrames({ type: 'mystery', ...more }),
  counts: (counts, more = {}) =>
    namedFrames({ type: 'message_delta', delta: more, usage: { ...messagesUsage(counts), ...more } }),
  end: (counts, more = {}) =>
    namedFrames(
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', ...more },
        ...(counts && { usage: { ...messagesUsage(counts), ...more } }),
      },
      { type: 'message_stop' },
    ),
  whole: (text, counts) => ({
    ...messageOf([{ type: 'text', text }]),
    usage: counts ? messagesUsage(counts) : null,
  }),
  error: (status, message) => ({ type: ANTHROPIC_TYPES[status], message }),
  refusal: (error) => ({ type: 'error', error, request_id: 'req_upstream' }),
  failed: (error) => namedFrames({ type: 'error', error }),
};

const GOOGLE_STATUSES: Readonly<Record<Status, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
};

const geminiUsage = ({ input, output }: Counts): JsonObject => ({
  promptTokenCount: input,
  candidatesTokenCount: output,
  totalTokenCount: input + output,
});

function gemini(parts: readonly JsonObject[], usage: Counts | undefined, finishReason?: string): JsonObject {
  const { usageMetadata: _usage, ...frame } = geminiFrame(parts, finishReason);
  return { ...frame, ...(usage && { usageMetadata: geminiUsage(usage) }) };
}

const GEMINI: DialectWire = {
  name: 'gemini',
  provider: { type: 'google' },
  isOrigin: true,
  start: sse(gemini([{ text: '' }], undefined)),
  word: (text, more = {}) => sse({ ...gemini([{ text, ...more }], undefined), ...more }),
  unknown: (more) => sse({ mystery: 1, ...more }),
  counts: (counts, more = {}) => sse({ ...gemini([], counts), ...more }),
  end: (counts, more = {}) => sse({ ...gemini([], counts, 'STOP'), ...more }),
  whole: (text, counts) => gemini([{ text }], counts, 'STOP'),
  error: (status, message) => ({ code: status, message, status: GOOGLE_STATUSES[status] }),
  refusal: (error) => ({ error }),
  failed: (error) => sse({ error }),
};

/** The four wires that text comes over. */
export const DIALECT_WIRES: readonly DialectWire[] = [CHAT, RESPONSES, ANTHROPIC, GEMINI];

/** The base URL of a provider of this wire. */
export function baseUrlOf({ isOrigin }: DialectWire, { url }: Pick<ScriptedUpstream, 'url'>): string {
  return isOrigin ? new URL(url).origin : url;
}

/** The wire of a request, by its path. */
export function wireOf({ request: { path } }: Exchange): DialectWire {
  return wireAt(path);
}

export function wireAt(path: string): DialectWire {
  const name = path.includes('/chat/completions')
    ? 'chat'
    : path.includes('/responses')
      ? 'responses'
      : path.includes('/messages')
        ? 'anthropic'
        : 'gemini';
  return DIALECT_WIRES.find((wire) => wire.name === name)!;
}

/** Whether a request to an upstream of any wire wants a stream. */
export function wantsStream({ request }: Exchange): boolean {
  return request.body['stream'] === true || request.path.includes(':streamGenerateContent');
}

/** A whole stream of these words. */
export function streamOf(wire: DialectWire, words: readonly string[], counts?: Counts): string {
  return wire.start + words.map((word) => wire.word(word)).join('') + wire.end(counts);
}

/** Answers with these words, streamed or whole as the request asks. */
export function saysOver(
  wire: DialectWire,
  words: readonly string[],
  counts: Counts,
): (exchange: Exchange) => void {
  return (exchange) => {
    if (wantsStream(exchange)) exchange.end(streamOf(wire, words, counts));
    else exchange.json(wire.whole(words.join(''), counts));
  };
}
