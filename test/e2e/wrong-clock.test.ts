import { describe, expect, it } from '@jest/globals';
import { GatewayProcesses } from '../support/gateway-processes.js';
import { openHolds } from '../support/ledger-state.js';
import { until } from '../support/until.js';
import { VideosClient } from './videos/videos-client.js';

const HOUR_MS = 3_600_000;

/** A module that lets its process believe in another time. */
function clockOff(byMs: number): string {
  const module = `
    const Right = Date;
    globalThis.Date = class extends Right {
      constructor(...fields) { fields.length > 0 ? super(...fields) : super(Right.now() + ${byMs}); }
      static now() { return Right.now() + ${byMs}; }
    };`;
  return `data:text/javascript,${encodeURIComponent(module)}`;
}

const processes = GatewayProcesses.forEachTest({ LEASE_MS: '9000' });

async function settledTimes(): Promise<readonly number[]> {
  const { rows } = await processes.pool.query<{ at: Date }>('SELECT settled_at AS at FROM receipts');
  return rows.map(({ at }) => at.getTime());
}

describe.each([
  ['an hour behind', -HOUR_MS],
  ['an hour ahead', HOUR_MS],
])('a replica whose clock is %s', (_, byMs) => {
  it('charges by the clock of the database, so that usage and the order of receipts are right', async () => {
    const startedAt = Date.now();
    const gateway = await processes.start({ nodeOptions: ['--import', clockOff(byMs)] });
    await processes.pool.query('SELECT sum_up_usage(1000)');
    const { client } = gateway;
    const { key } = await client.createKey();
    expect((await client.chat(key, { model: 'sandbox/echo' })).status).toBe(200);
    const stream = await client.stream(key, { model: 'sandbox/echo' });
    await stream.shows('[DONE]');
    const videos = new VideosClient(gateway.url, key);
    await videos.made({ model: 'sandbox/video:seconds=1' });
    await until(async () => (await settledTimes()).length === 3);

    const running = await client.stream(key, { model: 'sandbox/echo:tokens=9,hang_after=2' });
    await until(async () => (await openHolds(processes.pool)).some(({ sent }) => sent));
    await processes.kill(gateway);
    const next = await processes.start({ nodeOptions: ['--import', clockOff(byMs)] });
    await until(async () => (await settledTimes()).length === 4);
    await running.ended.catch(() => undefined);
    for (const at of await settledTimes()) {
      expect(at).toBeGreaterThanOrEqual(startedAt);
      // A clock is put right by what is certain to be wrong of it: what an answer of the database took is not.
      expect(at).toBeLessThan(Date.now() + HOUR_MS / 2);
    }
    const where = byMs < 0 ? 'behind' : 'ahead of';
    expect(next.stdout).toMatch(new RegExp(`this machine's clock is 3(59\\d|600) s ${where}`));
    await next.stop();
  });
});
