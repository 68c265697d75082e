// @ts-check
/** The load of a chain: turns that each continue the last one, calls that continue it here and there, and reads. */
import { microseconds } from './clock.js';
import { openLine } from './exchange.js';
import { Failures } from './failures.js';
import { summary } from './statistics.js';
import { inputItemsCall, numbersOf, retrieveCall, turnCall } from './wire.js';

/** Prime, so that the reads hit turns from all over the chain. */
const STRIDE = 7919;

/**
 * A caller who sends one call at a time.
 * @param {import('./exchange.js').Target} target
 */
function caller(target) {
  const line = openLine(target, 1);
  const failures = new Failures();

  /**
   * @param {import('./exchange.js').Call} call
   * @returns {Promise<{ text: string, latency: number, firstToken: number } | undefined>} microseconds; the first token
   *   is NaN where nothing was streamed. Undefined: it failed
   */
  const send = async (call) => {
    const began = microseconds();
    /** @type {Buffer[]} */
    const pieces = [];
    let firstToken = NaN;
    try {
      const { status } = await line.send(call, (piece) => {
        pieces.push(piece);
        if (Number.isNaN(firstToken) && numbersOf(piece).length > 0) firstToken = microseconds() - began;
      }).done;
      const latency = microseconds() - began;
      const text = Buffer.concat(pieces).toString();
      if (status === 200) return { text, latency, firstToken };
      failures.add(`${status} ${text}`);
    } catch (error) {
      failures.add(error);
    }
    return undefined;
  };

  /**
   * @param {number} count
   * @param {(index: number) => import('./exchange.js').Call} callOf
   * @param {'latency' | 'firstToken'} [time]
   */
  const p50 = async (count, callOf, time = 'latency') => {
    const times = [];
    for (let index = 0; index < count; index += 1) {
      const answer = await send(callOf(index));
      if (answer !== undefined) times.push(answer[time]);
    }
    if (times.some(Number.isNaN)) failures.add('a stream ended without a token');
    return summary(times).p50;
  };

  return { send, p50, failures, close: line.close };
}

/**
 * @param {{ target: import('./exchange.js').Target, turns: number, marks: readonly number[], probes: number,
 *   reads: number, limitMs: number }} order `marks`: how long the chain is when `probes` calls of each kind continue it;
 *   `limitMs`: no turn is added after it
 */
export async function chain({ target, turns, marks, probes, reads, limitMs }) {
  const { send, p50, failures, close } = caller(target);
  /** @type {string[]} */
  const ids = [];
  /** @type {Record<string, { latency: number, firstToken: number }>} */
  const at = {};
  let buildMicroseconds = 0;
  const until = microseconds() + limitMs * 1000;
  while (ids.length < turns) {
    if (microseconds() > until) {
      failures.add(`the time was up after ${ids.length} of ${turns} turns`);
      break;
    }
    const answer = await send(turnCall({ previous: ids.at(-1) }));
    if (answer === undefined) break;
    buildMicroseconds += answer.latency;
    const previous = /** @type {{ id: string }} */ (JSON.parse(answer.text)).id;
    ids.push(previous);
    if (!marks.includes(ids.length)) continue;
    at[ids.length] = {
      latency: await p50(probes, () => turnCall({ previous })),
      firstToken: await p50(probes, () => turnCall({ previous, stream: true }), 'firstToken'),
    };
  }
  const idOf = (/** @type {number} */ index) => ids[(index * STRIDE) % ids.length] ?? '';
  const retrieve = await p50(reads, (index) => retrieveCall(idOf(index)));
  const inputItems = await p50(reads, (index) => inputItemsCall(idOf(index)));
  await close();
  return { at, retrieve, inputItems, buildMicroseconds, failures: { ...failures } };
}
