import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { BudgetQueue } from '../../../src/payments/budget-queue.js';
import { expectSoundBooks } from '../../support/books.js';
import { closing } from '../../support/closing.js';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import { openHolds } from '../../support/ledger-state.js';
import { until } from '../../support/until.js';
import { says, VideoUpstream } from './video-upstream.js';
import { VideosClient } from './videos-client.js';

/** What one video holds: 4 s at 0.1 USD, and the fee of one percent. */
const HOLD = 404_000;

let upstream: VideoUpstream;
let gateway: TestGateway;
let queue: BudgetQueue;
let takeOf: BudgetQueue['take'];

beforeAll(async () => {
  upstream = await VideoUpstream.start();
  gateway = await TestGateway.start({ file: upstream.file, environment: { BUDGET_WAIT_MS: '20000' } });
  queue = gateway.app.get(BudgetQueue);
  takeOf = queue.take.bind(queue);
});
afterEach(async () => {
  queue.take = takeOf;
  await expectSoundBooks(gateway.pool);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

function asked({ key }: CreatedKey, signal: AbortSignal, headers: object = {}): Promise<unknown> {
  return fetch(`${gateway.url}/v1/videos/generations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify({ model: 'film', prompt: 'A boat', seconds: 4 }),
    signal,
  }).catch(() => 'left');
}

describe('a client that leaves', () => {
  it.each<[string, object, number]>([
    ['gets no video, and the next one gets its turn', {}, 2],
    ['gets its video with an Idempotency-Key, for which it can come back', { 'idempotency-key': 'boat' }, 1],
  ])('while its video waits for budget %s', async (_name, headers, fitting) => {
    const before = upstream.submissions;
    upstream.find = says({ status: 'in_progress' });
    const key = await gateway.createKey({ budget_limit: String(HOLD + 1) });
    const client = new VideosClient(gateway.url, key.key);
    await client.made({ model: 'film', prompt: 'A boat', seconds: 4 });
    let waiting = 0;
    queue.take = (claim) => {
      const pending = takeOf(claim);
      waiting += 1;
      return pending;
    };
    const leaving = new AbortController();
    const closed = closing(gateway);
    const left = asked(key, leaving.signal, headers);
    await until(() => waiting === 1);
    leaving.abort();
    expect(await left).toBe('left');
    await closed;
    const next = fitting === 2 ? client.made({ model: 'film', prompt: 'A ship', seconds: 4 }) : undefined;
    if (next) await until(() => waiting === 2);
    upstream.find = says({ status: 'failed' });
    await until(() => upstream.submissions === before + 2);
    const prompts = upstream.bodies.slice(before).map((body) => (body.includes('ship') ? 'ship' : 'boat'));
    expect(prompts).toEqual(['boat', next ? 'ship' : 'boat']);
    await next;
    await until(async () => (await openHolds(gateway.pool)).length === 0);
  });

  it('just as it gets its hold gets no video, and its hold comes back', async () => {
    const before = upstream.submissions;
    const key = await gateway.createKey({ budget_limit: String(HOLD) });
    const leaving = new AbortController();
    const closed = closing(gateway);
    queue.take = (claim) => {
      const { answer, leave } = takeOf(claim);
      const late = answer.then(async (hold) => {
        leaving.abort();
        await closed;
        return hold;
      });
      return { answer: late, leave };
    };
    expect(await asked(key, leaving.signal)).toBe('left');
    await closed;
    await until(async () => (await gateway.keyBudget(key.id)).held === 0);
    expect(await openHolds(gateway.pool)).toEqual([]);
    expect(upstream.submissions).toBe(before);
    expect((await gateway.pool.query('SELECT 1 FROM videos WHERE finished_at IS NULL')).rowCount).toBe(0);
  });
});
