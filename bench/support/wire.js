// @ts-check
/** What goes over the wire: the requests that are sent, the answers of the mock upstream, the times inside its frames. */

import { microseconds } from './clock.js';

const USAGE = { prompt_tokens: 180, completion_tokens: 160, total_tokens: 340 };
const SENTENCE = 'The quick brown fox jumps over the lazy dog, and the dog does not mind at all. ';

/** A whole answer of about 1 kB. */
export const WHOLE_ANSWER = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 1_760_000_000,
    model: 'instant',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: SENTENCE.repeat(9), refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: USAGE,
    system_fingerprint: 'fp_bench',
  }),
);

/** @param {object} rest */
const chunk = (rest) =>
  `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_760_000_000, model: 'paced', ...rest })}\n\n`;

const TIME = 'TIMETIMETIMETIME';
const [FRAME_HEAD, FRAME_TAIL] = chunk({
  choices: [{ index: 0, delta: { content: ` t=${TIME}` }, logprobs: null, finish_reason: null }],
}).split(TIME);

/**
 * One frame whose content carries the time of writing, in microseconds, as 16 digits.
 * @param {number} now
 */
export function timedFrame(now) {
  return FRAME_HEAD + String(now).padStart(TIME.length, '0') + FRAME_TAIL;
}

export const STREAM_TAIL =
  chunk({ choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: 'stop' }] }) +
  chunk({ choices: [], usage: USAGE }) +
  'data: [DONE]\n\n';

/** A stream of one frame with content, made when it is asked for. */
export const shortStream = () => timedFrame(microseconds()) + STREAM_TAIL;

/**
 * The times that a piece of a stream carries. A time that is cut by the end of the piece is lost; servers that write
 * whole frames never cut one.
 * @param {Buffer} piece
 */
export function timesOf(piece) {
  const times = [];
  for (let at = piece.indexOf(' t='); at !== -1; at = piece.indexOf(' t=', at + 3)) {
    const digits = piece.toString('latin1', at + 3, at + 3 + TIME.length);
    if (digits.length === TIME.length) times.push(Number(digits));
  }
  return times;
}

/**
 * @param {string} path
 * @param {object} body
 * @returns {import('./exchange.js').Call}
 */
const post = (path, body) => ({ method: 'POST', path, body: JSON.stringify(body) });

/**
 * A request of about 1 kB. The mark, if any, lets the upstream tell whose call it is.
 * @param {{ model: string, stream?: boolean, mark?: string }} options
 */
export function chatCall({ model, stream = false, mark = '' }) {
  return post('/chat/completions', {
    model,
    ...(stream && { stream: true, stream_options: { include_usage: true } }),
    messages: [
      { role: 'system', content: SENTENCE.repeat(4) },
      { role: 'user', content: `${SENTENCE.repeat(5)}${mark}` },
    ],
    temperature: 0.7,
    max_completion_tokens: 512,
  });
}

/**
 * The same request to the Responses API.
 * @param {{ store: boolean }} options
 */
export function responseCall({ store }) {
  return post('/responses', {
    model: 'instant',
    store,
    instructions: SENTENCE.repeat(4),
    input: SENTENCE.repeat(5),
    temperature: 0.7,
    max_output_tokens: 512,
  });
}

/**
 * A turn of a chain: a short question that is answered with about 1 kB, or streamed with one frame.
 * @param {{ previous?: string | undefined, stream?: boolean }} options
 */
export function turnCall({ previous, stream = false }) {
  return post('/responses', {
    model: 'long',
    stream,
    input: SENTENCE,
    ...(previous !== undefined && { previous_response_id: previous }),
  });
}

/** @typedef {(id: string) => import('./exchange.js').Call} ReadCall */

/** @type {ReadCall} */
export const retrieveCall = (id) => ({ method: 'GET', path: `/responses/${id}` });

/** @type {ReadCall} */
export const inputItemsCall = (id) => ({ method: 'GET', path: `/responses/${id}/input_items` });
