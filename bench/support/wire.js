// @ts-check
/** What the load generator sends, and what it looks for in answers. */

export const SENTENCE = 'The quick brown fox jumps over the lazy dog, and the dog does not mind at all. ';

/** Frames of the streams that come as fast as they can. */
export const TOKENS = 64;
/** What each of them contains. */
export const TOKEN = ' w=fox';
/** Digits of a time, or of a number, in a frame. */
export const DIGITS = 16;

/**
 * The numbers that a piece of a stream carries behind ` t=`. One that is cut by the end of the piece is lost; servers
 * that write whole frames never cut one.
 * @param {Buffer} piece
 */
export function numbersOf(piece) {
  const numbers = [];
  for (let at = piece.indexOf(' t='); at !== -1; at = piece.indexOf(' t=', at + 3)) {
    const digits = piece.toString('latin1', at + 3, at + 3 + DIGITS);
    if (digits.length === DIGITS) numbers.push(Number(digits));
  }
  return numbers;
}

/**
 * @param {Buffer} text
 * @param {string} mark
 */
export function count(text, mark) {
  let found = 0;
  for (let at = text.indexOf(mark); at !== -1; at = text.indexOf(mark, at + mark.length)) found += 1;
  return found;
}

/**
 * @param {string} path
 * @param {object} body
 * @returns {import('./exchange.js').Call}
 */
const post = (path, body) => ({ method: 'POST', path, body: JSON.stringify(body) });

/**
 * A request of about 1 kB. The mark, if any, lets the upstream tell whose call it is.
 * @param {{ model: string, stream?: boolean, mark?: string, tokens?: number }} options
 */
export function chatCall({ model, stream = false, mark = '', tokens = 512 }) {
  return post('/chat/completions', {
    model,
    ...(stream && { stream: true, stream_options: { include_usage: true } }),
    messages: [
      { role: 'system', content: SENTENCE.repeat(4) },
      { role: 'user', content: `${SENTENCE.repeat(5)}${mark}` },
    ],
    temperature: 0.7,
    max_completion_tokens: tokens,
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
