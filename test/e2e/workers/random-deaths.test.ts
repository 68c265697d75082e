import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { GatewayProcess } from '../../support/gateway-process.js';
import { GatewayProcesses } from '../../support/gateway-processes.js';
import { fileFor } from '../../support/gateway.js';
import { openHolds } from '../../support/ledger-state.js';
import { completion, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';
import { isAlive, workersOf } from '../../support/worker-line.js';

/** More of them by hand: WORKER_DEATHS=30 npm test -- test/e2e/workers/random-deaths */
const DEATHS = Number(process.env['WORKER_DEATHS'] ?? 2);
const WORKERS = 4;
const CLIENTS = 8;
const LONGEST_CALL_MS = 200;

const processes = GatewayProcesses.forEachTest({
  WORKERS: String(WORKERS),
  LOG_LEVEL: 'error',
  LEASE_MS: '9000',
});
let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  upstream.always(async (exchange) => {
    await delay(Math.random() * LONGEST_CALL_MS);
    await completion('Hello!')(exchange);
  });
});
afterAll(() => upstream.close());

/** Calls one after the other, whole and streamed in turns, until told to stop; a call that breaks is lost. */
async function callUntil(stop: AbortSignal, gateway: GatewayProcess, key: string) {
  const receiptIds: string[] = [];
  let lost = 0;
  for (let call = 0; !stop.aborted; call += 1) {
    try {
      const response = await gateway.client.chat(key, { stream: call % 2 === 0 });
      const [id] = /rct_[0-9a-z]+/.exec(await response.text()) ?? [];
      if (id === undefined) lost += 1;
      else receiptIds.push(id);
    } catch {
      lost += 1;
      // Without this a gateway that has no worker for a moment would be asked without a pause.
      await delay(20);
    }
  }
  return { receiptIds, lost };
}

async function leases(): Promise<{ readonly all: number; readonly living: number } | undefined> {
  const { rows } = await processes.pool.query<{ all: number; living: number }>(
    `SELECT count(*)::int AS all, (count(*) FILTER (WHERE lease_expires_at > now()))::int AS living
     FROM gateway_processes`,
  );
  return rows[0];
}

/** All workers serve: each has a lease that lives. */
async function allServe(gateway: GatewayProcess): Promise<boolean> {
  if ((await workersOf(gateway)).length !== WORKERS) return false;
  const metrics = await fetch(`${gateway.url}/metrics`).then(
    (response) => response.text(),
    () => '',
  );
  return metrics.includes(`slipstream_workers{state="serving"} ${WORKERS}`);
}

describe('workers that are killed at random, under load', () => {
  it(
    `${DEATHS} deaths among ${WORKERS} lose no receipt that was shown, and leave no hold`,
    async () => {
      const gateway = await processes.start({ file: fileFor(upstream.url) });
      const { key } = await gateway.client.createKey();
      const stop = new AbortController();
      const clients = Array.from({ length: CLIENTS }, () => callUntil(stop.signal, gateway, key));
      for (let death = 0; death < DEATHS; death += 1) {
        await until(() => allServe(gateway));
        await delay(Math.random() * 500);
        const workers = await workersOf(gateway);
        const doomed = workers[Math.floor(Math.random() * workers.length)] ?? NaN;
        process.kill(doomed, 'SIGKILL');
        await until(() => !isAlive(doomed));
      }
      await until(() => allServe(gateway));
      stop.abort();
      const calls = await Promise.all(clients);
      const shown = calls.flatMap(({ receiptIds }) => receiptIds);
      await until(async () => (await openHolds(processes.pool)).length === 0);
      const { rows } = await processes.pool.query<{ id: string }>('SELECT id FROM receipts');
      const kept = new Set(rows.map(({ id }) => id));
      expect(shown.filter((id) => !kept.has(id))).toEqual([]);
      expect(new Set(shown).size).toBe(shown.length);
      const lost = calls.reduce((sum, call) => sum + call.lost, 0);
      // A call that was lost to its client has one receipt, or none if nothing was sent for it.
      expect(kept.size - shown.length).toBeLessThanOrEqual(lost);
      // The leases of the dead run out and are forgotten by the living; those end their own.
      await until(async () => {
        const found = await leases();
        return found?.all === WORKERS && found.living === WORKERS;
      });
      await gateway.stop();
      expect(await leases()).toEqual({ all: 0, living: 0 });
      console.info(`${DEATHS} deaths, ${shown.length} calls answered, ${lost} lost`);
    },
    60_000 + DEATHS * 60_000,
  );
});
