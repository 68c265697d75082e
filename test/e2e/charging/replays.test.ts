import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { VideosClient } from '../videos/videos-client.js';
import { ASKERS, complete, endOfVideo, fileOf, oneJob, VIDEO_BILL } from './askers.js';
import { expectBill, newPayer, tokenBill } from './bills.js';
import { endOfResponse } from './ways.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let payer: CreatedKey;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileOf(upstream.url) });
});
beforeEach(async () => {
  upstream.reset();
  payer = await newPayer(gateway);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

function call(method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${gateway.url}/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${payer.key}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
}

/** Each is answered well, without a paid call's headers and without the upstream. */
async function expectFree(requests: readonly (readonly [string, string, object?])[]): Promise<void> {
  const submitted = (): number => upstream.requests.filter(({ method }) => method === 'POST').length;
  const before = submitted();
  for (const [method, path, body] of requests) {
    const answer = await call(method, path, body);
    await answer.text();
    expect([method, path, answer.status]).toEqual([method, path, 200]);
    expect([...answer.headers.keys()]).not.toContain('x-compose-key-budget-reserved');
  }
  expect(submitted()).toBe(before);
}

const TEXT_BILL = tokenBill(100, 50, false);

describe('[charge.no-call] a poll, a retrieve, a list: nothing', () => {
  it('of a stored chat completion', async () => {
    upstream.next(complete);
    const answer = await call('POST', '/chat/completions', {
      model: 'test-model',
      messages: [{ role: 'user', content: 'Hi' }],
      store: true,
    });
    const { id, compose_receipt } = (await answer.json()) as { id: string; compose_receipt: JsonObject };
    await expectFree([
      ['GET', `/chat/completions/${id}`],
      ['GET', `/chat/completions/${id}/messages`],
      ['GET', '/chat/completions'],
      ['POST', `/chat/completions/${id}`, { metadata: { topic: 'weather' } }],
      ['GET', `/responses/${id}`],
      ['DELETE', `/chat/completions/${id}`],
    ]);
    await expectBill(gateway, payer, TEXT_BILL, compose_receipt);
  });

  it.each([false, true])(
    'of a response (in the background: %s), and what is free beside it',
    async (background) => {
      upstream.next(complete);
      const answer = await call('POST', '/responses', { model: 'test-model', input: 'Hi', background });
      const { id } = (await answer.json()) as { id: string };
      const { receipt } = await endOfResponse(gateway, payer.key, id);
      await expectFree([
        ['GET', `/responses/${id}`],
        ['GET', `/responses/${id}?stream=true`],
        ['GET', `/responses/${id}/input_items`],
        ['POST', '/responses/input_tokens', { model: 'test-model', input: 'Hi' }],
        ['POST', '/conversations', { items: [{ role: 'user', content: 'Hi' }] }],
        ['GET', '/models'],
        ['GET', '/receipts'],
        ['GET', `/receipts/${receipt!['id'] as string}`],
        ['DELETE', `/responses/${id}`],
      ]);
      await expectBill(gateway, payer, TEXT_BILL, receipt);
    },
  );

  it('of a video', async () => {
    upstream.always(oneJob(() => ({ status: 'completed' })));
    const { id } = await new VideosClient(gateway.url, payer.key).made({ model: 'film' });
    const { receipt } = await endOfVideo(gateway, payer.key, id);
    await expectFree([
      ['GET', `/videos/${id}`],
      ['GET', `/videos/${id}/stream`],
      ['GET', `/videos/${id}/content`],
      ['GET', '/videos'],
      ['DELETE', `/videos/${id}`],
    ]);
    await expectBill(gateway, payer, VIDEO_BILL, receipt);
  });
});

describe('[charge.replay] a replay of an idempotent answer: nothing', () => {
  it.each(ASKERS)('$name', async (asker) => {
    const sent = { headers: { 'idempotency-key': 'once' } };
    const { receipt } = await (await asker.begin(upstream, gateway, payer.key, sent)).finish();
    await gateway.idle();
    const before = upstream.requests.length;
    const replays = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const answer = await asker.send(gateway, payer.key, sent);
        expect(answer.headers.get('x-compose-idempotent-replay')).toBe('true');
        return answer.text();
      }),
    );
    expect(new Set(replays).size).toBe(1);
    expect(upstream.requests).toHaveLength(before);
    await expectBill(gateway, payer, asker.bill, receipt);
  });

  it.each(ASKERS)(
    '$name, after its budget was used up, which counts for the rate of its key',
    async (asker) => {
      payer = await newPayer(gateway, { budget_limit: asker.budget });
      const sent = { headers: { 'idempotency-key': 'once' } };
      const { receipt } = await (await asker.begin(upstream, gateway, payer.key, sent)).finish();
      await gateway.idle();
      await gateway.pool.query(
        'UPDATE api_keys SET budget_limit = budget_spent, rate_limit_rpm = 1, rate_arrival_at = NULL WHERE id = $1',
        [payer.id],
      );
      expect((await asker.send(gateway, payer.key, sent)).headers.get('x-compose-idempotent-replay')).toBe(
        'true',
      );
      const { status, headers } = await asker.send(gateway, payer.key, sent);
      expect([status, headers.has('x-compose-idempotent-replay')]).toEqual([429, false]);
      await gateway.pool.query('UPDATE api_keys SET rate_limit_rpm = NULL WHERE id = $1', [payer.id]);
      await expectBill(gateway, payer, asker.bill, receipt);
    },
  );
});
