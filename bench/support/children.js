// @ts-check
/** The parent's end: starts child processes, gives them orders, and leaves none behind, however the run ends. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout that this file belongs to. */
export const HERE = fileURLToPath(new URL('../..', import.meta.url));

/** @type {(() => void)[]} */
const lastActs = [];

process.on('exit', () => {
  for (const act of lastActs.reverse()) {
    try {
      act();
    } catch (error) {
      process.stderr.write(`while cleaning up: ${String(error)}\n`);
    }
  }
});
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => process.exit(130));
}

/**
 * Runs `act`, which must be synchronous, when this process ends, whatever ends it (short of SIGKILL). Last in, first
 * out.
 * @param {() => void} act
 */
export function onExit(act) {
  lastActs.push(act);
}

/**
 * A process of the harness.
 * @param {string} name a file of bench/processes, without `.js`
 * @param {readonly string[]} [parameters]
 * @param {string} [checkout] a directory; this one when left out
 */
export function startChild(name, parameters = [], checkout = HERE) {
  const file = join(checkout, 'bench/processes', `${name}.js`);
  const child = fork(file, [...parameters], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  // Not SIGKILL: it may have children of its own, which it ends when it is told to.
  onExit(() => child.kill('SIGTERM'));
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
  const waiting = new Map();
  let orders = 0;
  child.on('message', (/** @type {{ id: number, result?: unknown, failure?: string }} */ answer) => {
    const caller = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.failure === undefined) caller?.resolve(answer.result);
    else caller?.reject(new Error(`${name}: ${answer.failure}`));
  });
  child.on('exit', (code, signal) => {
    for (const caller of waiting.values()) caller.reject(new Error(`${name} ended (${code ?? signal})`));
    waiting.clear();
  });
  return {
    pid: /** @type {number} */ (child.pid),
    /**
     * @param {string} order
     * @param {unknown} [details]
     * @returns {Promise<any>}
     */
    ask: (order, details) =>
      new Promise((resolve, reject) => {
        orders += 1;
        waiting.set(orders, { resolve, reject });
        child.send({ id: orders, name: order, order: details }, (error) => error && reject(error));
      }),
  };
}
