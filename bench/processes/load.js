// @ts-check
/** The load generator: a process of its own, so that its work is never counted as somebody else's. */
import { chain } from '../support/chain-load.js';
import { serveParent } from '../support/child-side.js';
import { microseconds } from '../support/clock.js';
import { openLine } from '../support/exchange.js';
import { Failures } from '../support/failures.js';
import { summary } from '../support/statistics.js';
import { chatCall, count, numbersOf, TOKEN, TOKENS } from '../support/wire.js';

/** @typedef {import('../support/exchange.js').Call} Call */
/** @typedef {import('../support/exchange.js').Target} Target */

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * As many calls as fit in the time, a fixed number at once.
 * @param {{ target: Target, call: Call, concurrency: number, durationMs: number, tokens?: boolean }} order `tokens`: they are streams,
 *   whose tokens are counted
 */
async function calls({ target, call, concurrency, durationMs, tokens = false }) {
  const line = openLine(target, concurrency);
  /** @type {number[]} */
  const latencies = [];
  const failures = new Failures();
  const started = microseconds();
  const until = started + durationMs * 1000;
  const worker = async () => {
    for (let now = started; now < until; now = microseconds()) {
      try {
        /** @type {Buffer[]} */
        const pieces = [];
        const { status, text } = await line.send(call, tokens ? (piece) => pieces.push(piece) : undefined)
          .done;
        const latency = microseconds() - now;
        const seen = tokens ? count(Buffer.concat(pieces), TOKEN) : TOKENS;
        if (status !== 200) failures.add(`${status} ${text()}`);
        else if (seen !== TOKENS) failures.add(`a stream with ${seen} of ${TOKENS} tokens: ${text()}`);
        else latencies.push(latency);
      } catch (error) {
        failures.add(error);
        await pause(10);
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const elapsedMicroseconds = microseconds() - started;
  await line.close();
  return {
    calls: latencies.length,
    elapsedMicroseconds,
    latency: summary(latencies),
    failures: { ...failures },
  };
}

/**
 * Whole calls, begun at a steady rate however long they take.
 * @param {{ target: Target, perSecond: number, durationMs: number }} order
 */
async function rate({ target, perSecond, durationMs }) {
  const line = openLine(target, perSecond);
  const call = chatCall({ model: 'instant' });
  /** @type {number[]} */
  const latencies = [];
  const failures = new Failures();
  const one = async () => {
    const began = microseconds();
    try {
      const { status, text } = await line.send(call).done;
      if (status === 200) latencies.push(microseconds() - began);
      else failures.add(`${status} ${text()}`);
    } catch (error) {
      failures.add(error);
    }
  };
  const started = microseconds();
  const running = [];
  const total = Math.floor((perSecond * durationMs) / 1000);
  while (running.length < total) {
    const due = Math.min(total, ((microseconds() - started) * perSecond) / 1e6);
    while (running.length < due) running.push(one());
    await pause(1);
  }
  await Promise.all(running);
  await line.close();
  return { calls: latencies.length, latency: summary(latencies), failures: { ...failures } };
}

/**
 * Streams whose starts are spread over `spreadMs`; every frame carries the time at which the upstream wrote it.
 * @param {{ target: Target, model?: string, streams: number, spreadMs: number, frames: number }} order
 */
async function streams({ target, model = 'paced', streams: total, spreadMs, frames }) {
  const line = openLine(target, total);
  const request = chatCall({ model, stream: true });
  /** @type {number[]} */
  const firstToken = [];
  /** @type {number[]} */
  const lateness = [];
  const failures = new Failures();
  const one = async (/** @type {number} */ index) => {
    if (spreadMs > 0) await pause((index * spreadMs) / total);
    const started = microseconds();
    let seen = 0;
    const call = line.send(request, (chunk) => {
      const now = microseconds();
      for (const written of numbersOf(chunk)) {
        if (seen === 0) firstToken.push(now - started);
        seen += 1;
        lateness.push(now - written);
      }
    });
    try {
      const { status, text } = await call.done;
      if (status !== 200) failures.add(`${status} ${text()}`);
      else if (seen !== frames) failures.add(`a stream ended after ${seen} of ${frames} frames: ${text()}`);
    } catch (error) {
      failures.add(error);
    }
  };
  await Promise.all(Array.from({ length: total }, (_, index) => one(index)));
  await line.close();
  return {
    frames: lateness.length,
    firstToken: summary(firstToken),
    lateness: summary(lateness),
    failures: { ...failures },
  };
}

/**
 * Calls whose client hangs up: streams after the first frame of a silent upstream, whole calls while they wait.
 * @param {{ target: Target, calls: number, waitMs: number, run: number }} order
 */
async function disconnects({ target, calls: total, waitMs, run }) {
  const line = openLine(target, total);
  /** @type {Record<string, number>} */
  const leftAt = {};
  const failures = new Failures();
  const one = async (/** @type {number} */ index) => {
    const stream = index % 2 === 0;
    const mark = `mark-${stream ? 'stream' : 'whole'}-${run * total + index}`;
    let frames = 0;
    const call = line.send(chatCall({ model: 'silent', stream, mark }), () => (frames += 1));
    const early = call.done.then(
      ({ status, text }) => failures.add(`answered before the client left: ${status} ${text()}`),
      (error) => {
        if (leftAt[mark] === undefined) failures.add(error);
      },
    );
    await pause(waitMs + index * 5);
    if (stream && frames === 0) failures.add(`no first frame within ${waitMs} ms`);
    leftAt[mark] = microseconds();
    call.hangUp();
    await early;
  };
  await Promise.all(Array.from({ length: total }, (_, index) => one(index)));
  await pause(300);
  await line.close();
  return { leftAt, failures: { ...failures } };
}

serveParent({ calls, rate, streams, disconnects, chain });
