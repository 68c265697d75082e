import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../support/books.js';
import { nextStalls } from '../support/chat-scripts.js';
import type { CreatedKey, TestGateway } from '../support/gateway.js';
import { receipts } from '../support/ledger-state.js';
import { ReplicaPair, tally } from '../support/replica-pair.js';
import { startScriptedUpstream, type Exchange, type ScriptedUpstream } from '../support/scripted-upstream.js';
import { until } from '../support/until.js';
import { ASKERS, complete, fileOf } from './charging/askers.js';
import { FOREGROUND, send } from './charging/ways.js';

const COST = 202;

let upstream: ScriptedUpstream;
let pair: ReplicaPair;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  pair = await ReplicaPair.start(fileOf(upstream.url, { max_connections: 100 }));
});
beforeEach(() => upstream.reset());
afterEach(() => expectSoundBooks(pair.database.pool));
afterAll(async () => {
  await pair.close();
  await upstream.close();
});

const newKey = (settings: object = {}): Promise<CreatedKey> =>
  pair.createKey({ budget_limit: '1000000', ...settings });

/** A call whose upstream answers at once, unless it is scripted. */
const ask = (gateway: TestGateway, { key }: CreatedKey): Promise<Response> =>
  send(FOREGROUND[0]!, gateway, key);

async function told(gateway: TestGateway, key: CreatedKey): Promise<string> {
  return Object.keys(await tally([await ask(gateway, key)])).join();
}

interface Running {
  readonly answer: Promise<Response>;
  readonly exchange: Exchange;
}

async function begin(gateway: TestGateway, key: CreatedKey): Promise<Running> {
  const stalled = nextStalls(upstream);
  const answer = ask(gateway, key);
  return { answer, exchange: await stalled };
}

async function expectPaid({ answer, exchange }: Running, { id }: CreatedKey): Promise<void> {
  complete(exchange);
  expect(await tally([await answer])).toEqual({ '200': 1 });
  expect(await receipts(pair.database.pool, id)).toEqual([{ finalAmount: COST, estimated: false }]);
}

/** What a key without any right to it is refused, on both replicas and whatever it asks for. */
async function expectNothingFor(key: CreatedKey, code: string): Promise<void> {
  const seen = upstream.requests.length;
  const asked = pair.replicas.flatMap((replica) => [
    ...ASKERS.map((asker) => asker.send(replica, key.key)),
    ...['receipts', 'videos', 'models', 'responses/resp_1'].map((path) =>
      fetch(`${replica.url}/v1/${path}`, { headers: { authorization: `Bearer ${key.key}` } }),
    ),
  ]);
  const answers = await Promise.all(asked);
  expect(await tally(answers)).toEqual({ [`401 ${code}`]: answers.length });
  expect(upstream.requests).toHaveLength(seen);
}

describe('a key that is revoked on one replica', () => {
  it('is refused by the other one with the very next request, while the call that runs is paid for', async () => {
    for (let round = 0; round < 5; round += 1) {
      const key = await newKey();
      const running = await begin(pair.second, key);
      await pair.revoke(key.id);
      expect(await told(pair.second, key)).toBe('401 revoked_api_key');
      await expectNothingFor(key, 'revoked_api_key');
      await expectPaid(running, key);
    }
  });
});

describe('the time at which a key expires', () => {
  it('ends it everywhere, while the call that runs is paid for', async () => {
    const key = await newKey({ expires_at: new Date(Date.now() + 20_000).toISOString() });
    const running = await begin(pair.first, key);
    const isExpired = async (replica: TestGateway): Promise<boolean> => {
      const { status } = await fetch(`${replica.url}/v1/receipts`, {
        headers: { authorization: `Bearer ${key.key}` },
      });
      return status === 401;
    };
    expect(await isExpired(pair.second)).toBe(false);
    await until(() => isExpired(pair.second));
    await expectNothingFor(key, 'expired_api_key');
    await expectPaid(running, key);
  });

  it('counts at once when it is changed, in both directions', async () => {
    upstream.always(complete);
    const key = await newKey();
    for (let round = 0; round < 3; round += 1) {
      await pair.change(key.id, { expires_at: '2020-01-01T00:00:00Z' });
      expect(await told(pair.second, key)).toBe('401 expired_api_key');
      await pair.change(key.id, { expires_at: round === 1 ? null : '2999-01-01T00:00:00Z' });
      expect(await told(pair.second, key)).toBe('200');
    }
  });
});

describe('the models that a key may use', () => {
  it('count at once when they are changed, and running calls go on', async () => {
    const key = await newKey();
    const running = await begin(pair.second, key);
    await pair.change(key.id, { allowed_models: ['film'] });
    expect(await told(pair.second, key)).toBe('403 model_not_allowed');
    await expectPaid(running, key);
    upstream.always(complete);
    await pair.change(key.id, { allowed_models: ['film', 'test-model'] });
    expect(await told(pair.second, key)).toBe('200');
    await pair.change(key.id, { allowed_models: ['test'] });
    expect(await told(pair.second, key)).toBe('403 model_not_allowed');
    await pair.change(key.id, { allowed_models: null });
    expect(await told(pair.second, key)).toBe('200');
  });
});

describe('calls at a time', () => {
  it('are as many as the key may have, over all replicas', async () => {
    const key = await newKey({ max_concurrent_requests: 4 });
    const answers = await pair.together(
      upstream,
      24,
      (replica, index) => send(FOREGROUND[index % FOREGROUND.length]!, replica, key.key),
      {
        answer: complete,
        whenIn: () => {
          expect(upstream.requests).toHaveLength(4);
          return Promise.resolve();
        },
      },
    );
    for (const answer of answers) {
      if (answer.status === 429) expect(answer.headers.get('retry-after')).toBe('1');
    }
    expect(await tally(answers)).toEqual({ '200': 4, '429 concurrency_limit_exceeded': 20 });
    await pair.idle();
    upstream.always(complete);
    expect(await told(pair.second, key)).toBe('200');
    expect(await pair.first.keyBudget(key.id)).toEqual({ spent: 5 * COST, held: 0 });
  });

  it('may be more or fewer from one moment to the next', async () => {
    const key = await newKey({ max_concurrent_requests: 1 });
    const running = [await begin(pair.first, key)];
    expect(await told(pair.second, key)).toBe('429 concurrency_limit_exceeded');
    await pair.change(key.id, { max_concurrent_requests: 3 });
    running.push(await begin(pair.second, key), await begin(pair.first, key));
    expect(await told(pair.second, key)).toBe('429 concurrency_limit_exceeded');
    await pair.change(key.id, { max_concurrent_requests: 2 });
    for (const { answer, exchange } of running) {
      // With two or more calls under way there is no room for another one.
      const { rows } = await pair.database.pool.query('SELECT FROM holds WHERE key_id = $1', [key.id]);
      if (rows.length >= 2) expect(await told(pair.second, key)).toBe('429 concurrency_limit_exceeded');
      complete(exchange);
      expect(await tally([await answer])).toEqual({ '200': 1 });
    }
    upstream.always(complete);
    expect(await told(pair.second, key)).toBe('200');
    expect(await pair.first.keyBudget(key.id)).toEqual({ spent: 4 * COST, held: 0 });
  });
});

describe('calls per minute', () => {
  it('are as many as the key may have, over all replicas, and say when the next one may come', async () => {
    // One of them is given back every 30 seconds.
    const key = await newKey({ rate_limit_rpm: 2 });
    const answers = await pair.together(
      upstream,
      20,
      (replica, index) => send(FOREGROUND[index % FOREGROUND.length]!, replica, key.key),
      { answer: complete, whenIn: () => Promise.resolve() },
    );
    const waits = answers.flatMap(({ headers }) => headers.get('retry-after') ?? []).map(Number);
    expect(waits).toHaveLength(18);
    for (const seconds of waits) {
      expect(seconds).toBeGreaterThanOrEqual(1);
      expect(seconds).toBeLessThanOrEqual(30);
    }
    expect(await tally(answers)).toEqual({ '200': 2, '429 rate_limit_exceeded': 18 });
    await pair.change(key.id, { rate_limit_rpm: null });
    upstream.always(complete);
    expect(await told(pair.second, key)).toBe('200');
    await pair.idle();
    expect(await pair.first.keyBudget(key.id)).toEqual({ spent: 3 * COST, held: 0 });
  });
});
