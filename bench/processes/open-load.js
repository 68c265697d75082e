// @ts-check
/**
 * Clients of many streams that stay open: on plain sockets, from several addresses, since an address has only so many
 * ports. Some leave at random and come again; slow readers take a little of a stream without an end.
 */
import { connect } from 'node:net';
import { serveParent } from '../support/child-side.js';
import { microseconds } from '../support/clock.js';
import { Failures } from '../support/failures.js';
import { Histogram } from '../support/statistics.js';
import { chatCall, numbersOf } from '../support/wire.js';

/** Addresses that calls come from. */
const SOURCES = 8;
/** Streams that are being opened at the same time. */
const AT_ONCE = 50;
const OPENING_MS = 60_000;
const AGAIN_MS = 200;
/** A slow reader takes what one read brings, at most 64 KiB, and then waits so long. */
const SLOW_MS = 1000;
const MOST_TOKENS = 8000;
/** The stated bound. */
const LATE_MICROSECONDS = 250_000;

/** @typedef {import('../support/exchange.js').Target} Target */
/** @typedef {{ target: Target, models: number }} Where `models`: how many there are of each kind */

const fresh = () => ({
  lateness: new Histogram(),
  opening: new Histogram(),
  failures: new Failures(),
  /** @type {Record<string, number>} */
  leftAt: {},
});
let seen = fresh();
let open = 0;
let stopping = false;
let serial = 0;
/** @type {Set<import('node:net').Socket>} */
const sockets = new Set();
/** Last number of each slow reader's stream. */
/** @type {Map<string, number>} */
const slow = new Map();

/** @param {Target} target @param {import('../support/exchange.js').Call} call */
function requestOf({ origin, base, headers }, { path, body = '' }) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${base}${path} HTTP/1.1\r\nhost: ${new URL(origin).host}\r\ncontent-type: application/json\r\nconnection: close\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/**
 * @param {Where} where
 * @param {'open' | 'flood'} model
 * @param {number} slot
 */
function call({ target, models }, model, slot) {
  const mark = `mark-${model}-${(serial += 1)}`;
  const { hostname, port } = new URL(target.origin);
  const socket = connect({
    host: hostname,
    port: Number(port),
    localAddress: `127.0.0.${1 + (slot % SOURCES)}`,
  });
  const name = `${model}-${slot % models}`;
  socket.write(requestOf(target, chatCall({ model: name, stream: true, mark, tokens: MOST_TOKENS })));
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  return { socket, mark };
}

/**
 * One client: opens a stream, leaves after a random time and comes again, until everybody stops.
 * @param {Where & { meanLifeMs: number }} where
 * @param {number} slot
 * @returns {Promise<void>} when the first stream has its first frame, or has failed
 */
function client(where, slot) {
  return new Promise((resolve) => {
    const began = microseconds();
    const { socket, mark } = call(where, 'open', slot);
    let isOpen = false;
    let left = false;
    /** @type {NodeJS.Timeout | undefined} */
    let life;
    const opening = setTimeout(() => socket.destroy(new Error('no first frame')), OPENING_MS);
    socket.on('data', (piece) => {
      const now = microseconds();
      const times = numbersOf(piece);
      if (isOpen) for (const written of times) seen.lateness.add(now - written);
      else if (times.length > 0) {
        isOpen = true;
        open += 1;
        clearTimeout(opening);
        seen.opening.add(now - began);
        life = setTimeout(leave, -Math.log(1 - Math.random()) * where.meanLifeMs);
        resolve();
      } else if (!piece.includes('HTTP/1.1 200')) {
        seen.failures.add(piece.toString('utf8', 0, 600).replaceAll(/\r?\n/g, ' '));
        socket.destroy();
      }
    });
    const leave = () => {
      left = true;
      seen.leftAt[mark] = microseconds();
      socket.destroy();
    };
    socket.on('error', (error) => seen.failures.add(error));
    socket.on('close', () => {
      clearTimeout(opening);
      clearTimeout(life);
      if (isOpen) open -= 1;
      resolve();
      if (stopping) return;
      if (!left && isOpen) seen.failures.add('a stream ended by itself');
      setTimeout(() => stopping || void client(where, slot), left ? 0 : AGAIN_MS);
    });
  });
}

serveParent({
  /** Returns when each client has had a stream, or no more of them may begin. */
  async start(/** @type {Where & { streams: number, meanLifeMs: number, limitMs: number }} */ order) {
    const until = microseconds() + order.limitMs * 1000;
    let slot = 0;
    const opener = async () => {
      while (slot < order.streams && microseconds() < until) await client(order, slot++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, opener));
    if (slot < order.streams) seen.failures.add(`only ${slot} of ${order.streams} clients came in the time`);
  },
  async slow(/** @type {Where & { readers: number }} */ order) {
    for (let reader = 0; reader < order.readers; reader += 1) {
      const { socket, mark } = call(order, 'flood', reader);
      socket.on('error', (error) => seen.failures.add(error));
      socket.on('close', () => stopping || seen.failures.add('a slow reader was dropped'));
      socket.on('data', (piece) => {
        const last = numbersOf(piece).at(-1);
        if (last !== undefined) slow.set(mark, last);
        socket.pause();
        setTimeout(() => socket.resume(), SLOW_MS);
      });
    }
  },
  /** What happened since it was asked last. */
  async take() {
    const { lateness, opening, failures, leftAt } = seen;
    seen = fresh();
    return {
      open,
      lateness: { ...lateness.summary(), late: lateness.above(LATE_MICROSECONDS) },
      opening: opening.summary(),
      leftAt,
      slow: Object.fromEntries(slow),
      failures: { ...failures },
    };
  },
  async stop() {
    stopping = true;
    for (const socket of sockets) socket.destroy();
  },
});
