import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { nextStalls } from '../../support/chat-scripts.js';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import { overruns } from '../../support/ledger-state.js';
import { refusal, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { SURFACES } from '../../support/responses-client.js';
import { expectBill, newPayer, tokenBill } from '../charging/bills.js';
import { SurfaceClient } from '../contract/surface-client.js';
import { embeddingsFile, embeds, listOf } from './embedding-upstream.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let payer: CreatedKey;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const { providers, models } = embeddingsFile(upstream.url);
  const free = { ...models.at(-1), id: 'free-embedding', pricing: 'free' };
  gateway = await TestGateway.start({ file: { providers, models: [...models, free] } });
});
beforeEach(async () => {
  upstream.reset();
  payer = await newPayer(gateway);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

function send(
  body: object,
  {
    key = payer.key,
    headers = {},
    signal,
  }: { key?: string; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> {
  return fetch(`${gateway.url}/v1/embeddings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify({ model: 'test-embedding', input: 'Two words', ...body }),
    ...(signal && { signal }),
  });
}

async function receiptOf(answer: Response): Promise<JsonObject> {
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { compose_receipt: JsonObject }).compose_receipt;
}

describe('[charge.completed] embeddings', () => {
  it.each(SURFACES)('are charged by the provider’s count on %s', async (surface) => {
    upstream.next(embeds({ prompt_tokens: 6, total_tokens: 6 }));
    const client = new SurfaceClient(gateway.url, surface, payer.key);
    await client.json('POST', '/embeddings', { model: 'test-embedding', input: 'Two words' });
    await expectBill(gateway, payer, tokenBill(6, 0, false));
  });

  it.each([
    ['no usage', null],
    ['a usage of zero', { prompt_tokens: 0, total_tokens: 0 }],
    ['a negative figure', { prompt_tokens: -5 }],
    ['a fraction', { prompt_tokens: 1.5 }],
    ['a text', { prompt_tokens: '7' }],
    ['more than the input can have', { prompt_tokens: 100_000 }],
  ])('are counted here, and marked, where the provider tells %s', async (_name, usage) => {
    upstream.next(embeds(usage));
    const answer = await send({ input: ['Two words', 'and three more'] });
    const body = (await answer.clone().json()) as JsonObject;
    expect(body['usage']).toEqual({ prompt_tokens: 5, total_tokens: 5 });
    await expectBill(gateway, payer, tokenBill(5, 0, true), await receiptOf(answer));
  });

  it('of token ids are counted exactly', async () => {
    upstream.next(embeds(null));
    const receipt = await receiptOf(await send({ input: [[1, 2, 3], [4]] }));
    await expectBill(gateway, payer, tokenBill(4, 0, true), receipt);
  });

  it('[charge.free-model] of a free model have a receipt of zero', async () => {
    upstream.next(embeds());
    const receipt = await receiptOf(await send({ model: 'free-embedding' }));
    await expectBill(gateway, payer, { amount: 0, estimated: false, lines: { input_tokens: 7 } }, receipt);
  });

  it('[charge.overrun] beyond hold and budget are the operator’s', async () => {
    const { key } = await newPayer(gateway, { budget_limit: '5' });
    const before = (await overruns(gateway.pool)).length;
    upstream.next(embeds({ prompt_tokens: 20, total_tokens: 20 }));
    expect(await receiptOf(await send({ input: [[1, 2]] }, { key }))).toMatchObject({
      final_amount_wei: '5',
    });
    expect((await overruns(gateway.pool)).slice(before)).toEqual([{ amount: 16, reason: 'above_budget' }]);
  });
});

describe('[charge.provider-failed] [charge.error-status] embeddings that do not come cost nothing', () => {
  it.each([
    ['a refusal', refusal(400, { code: 'invalid_value' }), 400],
    ['a refused key', refusal(401, { code: 'invalid_api_key' }), 502],
    ['another number of vectors', (exchange) => exchange.json(listOf([])), 502],
    ['a broken connection', (exchange) => exchange.breakConnection(), 502],
  ] as const satisfies readonly (readonly [string, Parameters<ScriptedUpstream['next']>[0], number])[])(
    '%s',
    async (_name, handler, status) => {
      upstream.always(handler);
      expect((await send({})).status).toBe(status);
      await expectBill(gateway, payer, 'nothing');
    },
  );

  it('[charge.refused] a model that makes none', async () => {
    expect((await send({ model: 'test-model' })).status).toBe(400);
    expect(upstream.requests).toHaveLength(0);
    await expectBill(gateway, payer, 'nothing');
  });
});

describe('a client that leaves', () => {
  it('[charge.left-before-output] pays for the input of what was sent, and ends it', async () => {
    const stalled = nextStalls(upstream);
    const leaving = new AbortController();
    const answer = send({}, { signal: leaving.signal }).catch(() => 'left');
    const exchange = await stalled;
    leaving.abort();
    expect(await answer).toBe('left');
    await exchange.aborted;
    await gateway.idle();
    await expectBill(gateway, payer, tokenBill(2, 0, true));
  });

  it('[charge.left-with-idempotency-key] [charge.replay] finds its embeddings when it asks again', async () => {
    const stalled = nextStalls(upstream);
    const headers = { 'idempotency-key': 'again' };
    const leaving = new AbortController();
    const answer = send({}, { headers, signal: leaving.signal }).catch(() => 'left');
    const exchange = await stalled;
    leaving.abort();
    expect(await answer).toBe('left');
    exchange.json(listOf([[1, 2]]));
    await gateway.idle();
    const first = await send({}, { headers });
    expect(first.headers.get('x-compose-idempotent-replay')).toBe('true');
    const body = (await first.clone().json()) as JsonObject;
    expect(body).toMatchObject({ data: [{ embedding: [1, 2] }], usage: { prompt_tokens: 7 } });
    const second = await send({}, { headers });
    expect(await second.json()).toEqual(body);
    expect(upstream.requests).toHaveLength(1);
    await expectBill(gateway, payer, tokenBill(7, 0, false), await receiptOf(first));
    expect((await send({ input: 'other' }, { headers })).status).toBe(409);
  });
});

it('a request that is sent many times at once runs once, and is no stream even for who asks for one', async () => {
  const stalled = nextStalls(upstream);
  const headers = { 'idempotency-key': 'many' };
  const sent = Array.from({ length: 20 }, () => send({ stream: true }, { headers }));
  const exchange = await stalled;
  const late = send({ stream: true }, { headers });
  exchange.json(listOf([[1, 2]]));
  const answers = await Promise.all([...sent, late]);
  const bodies = await Promise.all(answers.map((answer) => answer.text()));
  expect(JSON.parse(bodies[0] ?? '')).toMatchObject({ object: 'list', data: [{ embedding: [1, 2] }] });
  expect(new Set(bodies).size).toBe(1);
  expect(upstream.requests).toHaveLength(1);
  await expectBill(gateway, payer, tokenBill(7, 0, false));
});

describe('a budget', () => {
  /** 1 atomic a token, and a fee of 1 %. */
  it.each([
    ['the bytes of a text and its marks', 'é'.repeat(499), 1_010],
    ['each text, but no more than the model reads', ['a'.repeat(998), 'a'.repeat(20_000)], 9_284],
    ['token ids exactly', new Array(1_000).fill(1), 1_010],
  ])('is held for %s', async (_name, input, hold) => {
    upstream.always(embeds());
    const short = await newPayer(gateway, { budget_limit: String(hold - 1) });
    const refused = await send({ input }, { key: short.key });
    expect(refused.status).toBe(402);
    expect(await refused.json()).toMatchObject({
      error: {
        code: 'insufficient_budget',
        details: { required: String(hold), remaining: String(hold - 1) },
      },
    });
    expect(upstream.requests).toHaveLength(0);
    const enough = await newPayer(gateway, { budget_limit: String(hold) });
    const answer = await send({ input }, { key: enough.key });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-compose-key-budget-reserved')).toBe(String(hold));
    expect(answer.headers.has('x-compose-output-cap')).toBe(false);
  });

  it('is never overdrawn by calls at the same time, and serves as many as it can hold', async () => {
    const { id, key } = await newPayer(gateway, { budget_limit: '52' });
    let known = 0;
    let everybodyIsIn: () => void = () => undefined;
    const wait = new Promise<void>((resolve) => (everybodyIsIn = resolve));
    const oneMore = (): void => {
      known += 1;
      if (known === 20) everybodyIsIn();
    };
    upstream.always(async (exchange) => {
      oneMore();
      await wait;
      await embeds({ prompt_tokens: 2, total_tokens: 2 })(exchange);
    });
    const calls = Array.from({ length: 20 }, async () => {
      const answer = await send({ input: 'Two words' }, { key });
      if (answer.status !== 200) oneMore();
      return answer.status;
    });
    const statuses = await Promise.all(calls);
    expect(statuses.filter((status) => status === 200)).toHaveLength(4);
    expect(statuses.filter((status) => status === 429)).toHaveLength(16);
    expect(await gateway.keyBudget(id)).toEqual({ spent: 4 * 3, held: 0 });
  });

  it('[error.model_not_allowed] is for the models of its key', async () => {
    const { key } = await newPayer(gateway, { allowed_models: ['test-model'] });
    const answer = await send({}, { key });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ error: { code: 'model_not_allowed' } });
  });
});
