// @ts-check
/** What the mock upstream answers in the words of each dialect: the same text everywhere. */
import { DIGITS, SENTENCE, TOKEN, TOKENS } from './wire.js';

const INPUT = 180;
const OUTPUT = 160;
const CREATED = 1_760_000_000;
const TEXT = SENTENCE.repeat(9);

/**
 * @typedef {object} Dialect
 * @property {Buffer} whole an answer of about 1 kB
 * @property {string} head of a stream
 * @property {(text: string, index: number) => string} frame
 * @property {(text: string) => string} tail after all of that text
 */

/** @param {object} data */
const unnamed = (data) => `data: ${JSON.stringify(data)}\n\n`;

/** @param {{ type: string } & Record<string, unknown>} data */
const named = (data) => `event: ${data.type}\n${unnamed(data)}`;

/** @param {object} answer */
const whole = (answer) => Buffer.from(JSON.stringify(answer));

/** @returns {Dialect} */
function chat() {
  const usage = { prompt_tokens: INPUT, completion_tokens: OUTPUT, total_tokens: INPUT + OUTPUT };
  const common = { id: 'chatcmpl-bench', created: CREATED, model: 'bench', system_fingerprint: 'fp_bench' };
  const choice = (/** @type {object} */ rest) => ({ index: 0, logprobs: null, ...rest });
  const chunk = (/** @type {object} */ rest) =>
    unnamed({ ...common, object: 'chat.completion.chunk', ...rest });
  const message = { role: 'assistant', content: TEXT, refusal: null };
  const end = chunk({ choices: [choice({ delta: {}, finish_reason: 'stop' })] });
  return {
    whole: whole({
      ...common,
      object: 'chat.completion',
      choices: [choice({ message, finish_reason: 'stop' })],
      usage,
    }),
    head: '',
    frame: (content) => chunk({ choices: [choice({ delta: { content }, finish_reason: null })] }),
    tail: () => `${end}${chunk({ choices: [], usage })}data: [DONE]\n\n`,
  };
}

/** @returns {Dialect} */
function responses() {
  const usage = {
    input_tokens: INPUT,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: OUTPUT,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: INPUT + OUTPUT,
  };
  const response = (/** @type {object} */ rest) => ({
    id: 'resp_bench',
    object: 'response',
    created_at: CREATED,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    metadata: {},
    model: 'bench',
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: 'default',
    store: false,
    temperature: 0.7,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    ...rest,
  });
  const part = (/** @type {string} */ text) => ({ type: 'output_text', annotations: [], logprobs: [], text });
  const item = (/** @type {string} */ status, /** @type {object[]} */ content) => ({
    id: 'msg_bench',
    type: 'message',
    status,
    role: 'assistant',
    content,
  });
  const place = { item_id: 'msg_bench', output_index: 0, content_index: 0 };
  const done = (/** @type {string} */ text) =>
    response({ status: 'completed', output: [item('completed', [part(text)])], usage });
  const begun = response({ status: 'in_progress', output: [], usage: null });
  const first = 4;
  return {
    whole: whole(done(TEXT)),
    head: [
      { type: 'response.created', sequence_number: 0, response: begun },
      { type: 'response.in_progress', sequence_number: 1, response: begun },
      {
        type: 'response.output_item.added',
        sequence_number: 2,
        output_index: 0,
        item: item('in_progress', []),
      },
      { type: 'response.content_part.added', sequence_number: 3, ...place, part: part('') },
    ]
      .map(named)
      .join(''),
    frame: (delta, index) =>
      named({
        type: 'response.output_text.delta',
        sequence_number: first + index,
        ...place,
        delta,
        logprobs: [],
        obfuscation: 'aB3xYz9Q',
      }),
    tail: (text) =>
      [
        { type: 'response.output_text.done', ...place, text, logprobs: [] },
        { type: 'response.content_part.done', ...place, part: part(text) },
        { type: 'response.output_item.done', output_index: 0, item: item('completed', [part(text)]) },
        { type: 'response.completed', response: done(text) },
      ]
        // After all frames that there can be.
        .map((event, index) => named({ ...event, sequence_number: 1_000_000 + index }))
        .join(''),
  };
}

/** @returns {Dialect} */
function anthropic() {
  const message = {
    id: 'msg_bench',
    type: 'message',
    role: 'assistant',
    model: 'bench',
    stop_reason: null,
    stop_sequence: null,
  };
  const usage = { input_tokens: INPUT, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 };
  const events = (/** @type {({ type: string } & Record<string, unknown>)[]} */ ...list) =>
    list.map(named).join('');
  return {
    whole: whole({
      ...message,
      content: [{ type: 'text', text: TEXT }],
      stop_reason: 'end_turn',
      usage: { ...usage, output_tokens: OUTPUT },
    }),
    head: events(
      { type: 'message_start', message: { ...message, content: [], usage: { ...usage, output_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ),
    frame: (text) => named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
    tail: () =>
      events(
        { type: 'content_block_stop', index: 0 },
        {
          type: 'message_delta',
          delta: { stop_reason: 'end_turn', stop_sequence: null },
          usage: { output_tokens: OUTPUT },
        },
        { type: 'message_stop' },
      ),
  };
}

/** @returns {Dialect} */
function google() {
  const usageMetadata = {
    promptTokenCount: INPUT,
    candidatesTokenCount: OUTPUT,
    totalTokenCount: INPUT + OUTPUT,
  };
  const answer = (/** @type {string} */ text, /** @type {object} */ rest) => ({
    candidates: [{ content: { parts: [{ text }], role: 'model' }, index: 0, ...rest }],
    usageMetadata,
    modelVersion: 'bench',
    responseId: 'r-bench',
  });
  return {
    whole: whole(answer(TEXT, { finishReason: 'STOP' })),
    head: '',
    frame: (text) => unnamed(answer(text, {})),
    tail: () => unnamed(answer('', { finishReason: 'STOP' })),
  };
}

/** By the end of the path that is asked. */
const DIALECTS = [
  { path: /\/chat\/completions$/, dialect: chat() },
  { path: /\/responses$/, dialect: responses() },
  { path: /\/messages$/, dialect: anthropic() },
  { path: /:(?:stream)?[gG]enerateContent$/, dialect: google() },
].map(({ path, dialect }) => ({ path, dialect, fast: Buffer.from(fastStream(dialect)) }));

/** @param {Dialect} dialect */
function fastStream({ head, frame, tail }) {
  const frames = Array.from({ length: TOKENS }, (_, index) => frame(TOKEN, index));
  return `${head}${frames.join('')}${tail(TOKEN.repeat(TOKENS))}`;
}

/** @param {string} path without a query */
export const answersOn = (path) => DIALECTS.find((one) => one.path.test(path));

/** A text that carries a number, or the time of its writing. @param {number} value */
export const numbered = (value) => ` t=${String(value).padStart(DIGITS, '0')}`;

/** So long that a stream of them costs little before it is held up. @param {number} value */
export const flooding = (value) => numbered(value) + SENTENCE.repeat(50);
