// @ts-check
/**
 * An upstream that speaks the OpenAI chat wire and costs next to nothing: every answer is a buffer made beforehand.
 * The model name says how it behaves:
 *   instant  a whole answer of about 1 kB, at once
 *   long     the same; streamed: one frame and the end, at once
 *   paced    FRAMES frames, one each INTERVAL_MS; each carries the time at which it was written
 *   silent   streamed: one frame, then nothing; whole: never an answer. Notes when the caller hangs up
 */
import { createServer } from 'node:http';
import { listen, serveParent } from '../support/child-side.js';
import { microseconds } from '../support/clock.js';
import * as wire from '../support/wire.js';

const FRAMES = Number(process.argv[2]);
const INTERVAL_MS = Number(process.argv[3]);

const WHOLE_HEAD = {
  'content-type': 'application/json',
  'content-length': String(wire.WHOLE_ANSWER.length),
};
const STREAM_HEAD = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };

/** When the caller of a silent exchange hung up, by the call's mark. */
/** @type {Map<string, number>} */
let hangUps = new Map();

/** @param {import('node:http').ServerResponse} response */
function pace(response) {
  response.writeHead(200, STREAM_HEAD);
  const startedMs = performance.now();
  let written = 0;
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const step = () => {
    if (response.destroyed) return;
    response.write(wire.timedFrame(microseconds()));
    written += 1;
    if (written === FRAMES) response.end(wire.STREAM_TAIL);
    else timer = setTimeout(step, Math.max(0, startedMs + written * INTERVAL_MS - performance.now()));
  };
  response.on('close', () => clearTimeout(timer));
  step();
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {string} body
 */
function stayOnTheLine(response, body) {
  const mark = /mark-[a-z]+-\d+/.exec(body)?.[0] ?? 'unmarked';
  response.on('close', () => hangUps.set(mark, microseconds()));
  if (!body.includes('"stream":true')) return;
  response.writeHead(200, STREAM_HEAD);
  response.write(wire.timedFrame(microseconds()));
}

const server = createServer((request, response) => {
  /** @type {Buffer[]} */
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    const body = (pieces.length === 1 ? pieces[0] : Buffer.concat(pieces))?.toString('latin1') ?? '';
    if (body.includes('"model":"paced"')) pace(response);
    else if (body.includes('"model":"silent"')) stayOnTheLine(response, body);
    else if (body.includes('"stream":true')) response.writeHead(200, STREAM_HEAD).end(wire.shortStream());
    else response.writeHead(200, WHOLE_HEAD).end(wire.WHOLE_ANSWER);
  });
});
server.keepAliveTimeout = 60_000;

serveParent({
  start: () => listen(server),
  takeHangUps: async () => {
    const taken = Object.fromEntries(hangUps);
    hangUps = new Map();
    return taken;
  },
});
