// @ts-check
/**
 * An upstream that speaks every dialect and costs next to nothing: every answer is a buffer made beforehand, or a frame
 * around a number. The model name says how it behaves:
 *   instant  a whole answer of about 1 kB, at once
 *   long     the same; streamed: one frame and the end, at once
 *   tokens   streamed: all frames and the end, at once
 *   paced    FRAMES frames, one each INTERVAL_MS; each carries the time at which it was written
 *   silent   streamed: one frame, then nothing; whole: never an answer. Notes when the caller hangs up
 *   open     one frame a second, until the caller hangs up, which is noted
 *   flood    numbered frames of 4 kB as fast as they are taken, until the caller hangs up
 */
import { createServer } from 'node:http';
import { answersOn, flooding, numbered } from '../support/answers.js';
import { listen, serveParent } from '../support/child-side.js';
import { microseconds } from '../support/clock.js';

const FRAMES = Number(process.argv[2]);
const INTERVAL_MS = Number(process.argv[3]);
const OPEN_INTERVAL_MS = 1000;
const MODELS = ['instant', 'long', 'tokens', 'paced', 'silent', 'open', 'flood'];

const JSON_TYPE = { 'content-type': 'application/json' };
const STREAM_HEAD = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };

/** @typedef {import('../support/answers.js').Dialect} Dialect */
/** @typedef {import('node:http').ServerResponse} ServerResponse */

/** When the caller of an exchange hung up, by the call's mark. */
/** @type {Map<string, number>} */
let hangUps = new Map();
/** Frames that a flood has written, by the call's mark. */
/** @type {Map<string, number>} */
const floods = new Map();

/** @param {ServerResponse} response @param {Dialect} dialect */
function pace(response, { head, frame, tail }) {
  response.writeHead(200, STREAM_HEAD);
  if (head !== '') response.write(head);
  const startedMs = performance.now();
  let written = 0;
  let text = '';
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const step = () => {
    if (response.destroyed) return;
    const own = numbered(microseconds());
    response.write(frame(own, written));
    written += 1;
    text += own;
    if (written === FRAMES) response.end(tail(text));
    else timer = setTimeout(step, Math.max(0, startedMs + written * INTERVAL_MS - performance.now()));
  };
  response.on('close', () => clearTimeout(timer));
  step();
}

/** @param {ServerResponse} response @param {string} body */
function noteHangUp(response, body) {
  const mark = /mark-[a-z]+-\d+/.exec(body)?.[0] ?? 'unmarked';
  response.on('close', () => hangUps.set(mark, microseconds()));
  return mark;
}

/** @param {ServerResponse} response @param {Dialect} dialect @param {string} body */
function openStream(response, { frame }, body) {
  noteHangUp(response, body);
  response.writeHead(200, STREAM_HEAD);
  let written = 0;
  const step = () => response.write(frame(numbered(microseconds()), (written += 1)));
  const timer = setInterval(step, OPEN_INTERVAL_MS);
  response.on('close', () => clearInterval(timer));
  step();
}

/** @param {ServerResponse} response @param {Dialect} dialect @param {string} mark */
function flood(response, { frame }, mark) {
  response.writeHead(200, STREAM_HEAD);
  let written = 0;
  const go = () => {
    let takes = true;
    while (takes && !response.destroyed) takes = response.write(frame(flooding((written += 1)), written));
    floods.set(mark, written);
  };
  response.on('drain', go);
  go();
}

/** @param {import('node:http').IncomingMessage} request @param {ServerResponse} response @param {string} body */
function answer({ method, url = '' }, response, body) {
  const [path = ''] = url.split('?', 1);
  if (method === 'GET' && path.endsWith('/models')) {
    const data = MODELS.map((id) => ({ id, object: 'model', created: 1_760_000_000, owned_by: 'bench' }));
    response.writeHead(200, JSON_TYPE).end(JSON.stringify({ object: 'list', data }));
    return;
  }
  const answers = answersOn(path);
  if (answers === undefined) {
    response.writeHead(404, JSON_TYPE).end('{"error":{"message":"no such path"}}');
    return;
  }
  const { dialect, fast } = answers;
  const [, model] = /"model":\s*"(?:[^"/]*\/)*([a-z]+)/.exec(body) ?? /\/models\/([a-z]+)/.exec(path) ?? [];
  const streamed = /"stream":\s*true/.test(body) || path.includes(':stream');
  if (model === 'silent') {
    noteHangUp(response, body);
    if (streamed) response.writeHead(200, STREAM_HEAD).write(dialect.frame(numbered(microseconds()), 0));
    return;
  }
  if (!streamed) {
    const head = { ...JSON_TYPE, 'content-length': String(dialect.whole.length) };
    response.writeHead(200, head).end(dialect.whole);
  } else if (model === 'tokens') response.writeHead(200, STREAM_HEAD).end(fast);
  else if (model === 'paced') pace(response, dialect);
  else if (model === 'open') openStream(response, dialect, body);
  else if (model === 'flood') flood(response, dialect, noteHangUp(response, body));
  else {
    const text = numbered(microseconds());
    const { head, frame, tail } = dialect;
    response.writeHead(200, STREAM_HEAD).end(head + frame(text, 0) + tail(text));
  }
}

function makeServer() {
  const server = createServer((request, response) => {
    /** @type {Buffer[]} */
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      answer(
        request,
        response,
        (pieces.length === 1 ? pieces[0] : Buffer.concat(pieces))?.toString('latin1') ?? '',
      );
    });
  });
  server.keepAliveTimeout = 60_000;
  return server;
}

serveParent({
  /** @param {{ port?: number }} order @returns the origin */
  start: ({ port = 0 }) => listen(makeServer(), { port }),
  /** One more on an address of its own each, since an address has only so many ports. */
  startOn: (/** @type {{ hosts: string[] }} */ { hosts }) =>
    Promise.all(hosts.map((host) => listen(makeServer(), { host }))),
  takeHangUps: async () => {
    const taken = Object.fromEntries(hangUps);
    hangUps = new Map();
    return taken;
  },
  floods: async () => Object.fromEntries(floods),
});
