// @ts-check
/** A gateway of somebody else, started by hand in front of the mock upstream: one more column. */
import { openLine } from './exchange.js';
import { listenersOn } from './processes.js';
import { chatCall } from './wire.js';

const WAIT_MS = 120_000;

/**
 * @typedef {object} Address
 * @property {string} name
 * @property {URL} url with its base path
 * @property {Record<string, string>} headers
 * @property {readonly number[]} pids empty: whoever listens on its port
 */

/**
 * Waits until it answers, since it may need the mock upstream for its own start.
 * @param {Address} address
 * @param {string} upstream
 * @returns {Promise<import('./columns.js').Column>}
 */
export async function startAddress({ name, url, headers, pids }, upstream) {
  process.stderr.write(`waiting for ${name} at ${url.href}; the mock upstream is at ${upstream}/v1\n`);
  const base = url.pathname.replace(/\/$/, '');
  const column = { name, origin: url.origin, base, headers, pids };
  const line = openLine(column, 1);
  const call = chatCall({ model: 'instant' });
  let last = '';
  for (const until = Date.now() + WAIT_MS; Date.now() < until;) {
    const { status, text } = await line.send(call).done.catch((error) => ({
      status: 0,
      text: () => String(error),
    }));
    if (status === 200) {
      await line.close();
      const found = pids.length > 0 ? pids : listenersOn(Number(url.port || 80));
      if (found.length === 0) throw new Error(`${name}: nobody of this machine listens there: --address-pid`);
      return { ...column, pids: found };
    }
    last = `${status} ${text()}`;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`${name} did not answer within ${WAIT_MS / 1000} s, last with: ${last}`);
}
