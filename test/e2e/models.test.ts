import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { KeysService } from '../../src/payments/keys/keys.service.js';
import { nextStalls } from '../support/chat-scripts.js';
import { chatUsage } from '../support/chat-wire.js';
import { ADMIN_TOKEN, fileFor, TestGateway } from '../support/gateway.js';
import {
  completion,
  startScriptedUpstream,
  type Exchange,
  type ScriptedUpstream,
} from '../support/scripted-upstream.js';
import { until } from '../support/until.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

async function start(options: Parameters<typeof TestGateway.start>[0]): Promise<void> {
  gateway = await TestGateway.start(options);
}

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
afterAll(() => upstream.close());

async function json(path: string, key: string): Promise<Record<string, unknown>> {
  const response = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${key}` } });
  return (await response.json()) as Record<string, unknown>;
}

describe('models as people call them', () => {
  const NAMES = [
    'llama3.2:3b',
    'deepseek/deepseek-r1:free',
    '@cf/meta/llama:8b',
    'claude-sonnet-4@20250514',
    'a+b',
  ];
  const entry = (id: string, more: object = {}): object => ({
    id,
    targets: [{ provider: 'upstream', model: `up-${id}` }],
    context_window: 100_000,
    max_output_tokens: 1_000,
    pricing: { input: 1, output: 2 },
    ...more,
  });

  beforeAll(async () => {
    const { providers } = fileFor(upstream.url) as { providers: readonly object[] };
    const passed = { targets: [{ provider: 'upstream', model: '*' }], pricing: { input: 1, output: 2 } };
    await start({
      file: {
        providers,
        models: [
          ...NAMES.map((id) => entry(id)),
          entry('main', {
            aliases: ['latest', 'main-*'],
            default_output_tokens: 300,
            reasoning_efforts: ['low'],
          }),
          { id: 'local/*', ...passed },
        ],
      },
    });
  });
  beforeEach(() => upstream.reset());
  afterAll(() => gateway.close());

  it.each(NAMES)('answer as %s, with a receipt in that name', async (model) => {
    const { key, id } = await gateway.createKey({ allowed_models: [model], budget_limit: '1000000' });
    const answer = (await (await gateway.chat(key, { model })).json()) as Record<string, unknown>;
    expect(answer).toMatchObject({ model, compose_receipt: { meter_subject: `upstream:${model}` } });
    expect(upstream.requests[0]?.body.model).toBe(`up-${model}`);
    for (const name of [model, encodeURIComponent(model)])
      expect(await json(`/external/v1/models/${name}`, key)).toMatchObject({ id: model, object: 'model' });
    expect(await json('/v1/models', key)).toMatchObject({ data: [{ id: model, modelId: model }] });
    const filter = new URLSearchParams({ key: id, model });
    for (const list of ['receipts', 'usage'])
      expect(await json(`/admin/${list}?${filter.toString()}`, ADMIN_TOKEN)).toMatchObject({
        data: [{ model }],
      });
  });

  it('keep options after a colon for the sandbox', async () => {
    const { key } = await gateway.createKey();
    expect((await gateway.chat(key, { model: 'main:tokens=3' })).status).toBe(404);
    const echo = await gateway.chat(key, { model: 'sandbox/echo:tokens=3' });
    expect(await echo.json()).toMatchObject({
      model: 'sandbox/echo:tokens=3',
      usage: { completion_tokens: 3 },
    });
  });

  it.each(['latest', 'main-2026'])(
    'answer as %s, which is another name; books and keys name the entry',
    async (model) => {
      const { key } = await gateway.createKey({ allowed_models: ['main'] });
      const answer = await gateway.chat(key, { model, reasoning_effort: 'high' });
      expect(await answer.json()).toMatchObject({
        model,
        compose_receipt: { meter_subject: 'upstream:main' },
      });
      expect(upstream.requests[0]?.body).toMatchObject({
        max_completion_tokens: 300,
        reasoning_effort: 'low',
      });
      expect(await json(`/v1/models/${model}`, key)).toMatchObject({
        id: model,
        modelId: 'main',
        reasoningEfforts: ['low'],
      });
      const response = await fetch(`${gateway.url}/v1/responses`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: JSON.stringify({ model, input: 'Hi' }),
      });
      expect(await response.json()).toMatchObject({ model, status: 'completed' });
      const { key: other } = await gateway.createKey({ allowed_models: ['latest'] });
      expect((await gateway.chat(other, { model: 'latest' })).status).toBe(403);
    },
  );

  it('pass through what the operator lets through, for keys that may use the entry', async () => {
    const { key } = await gateway.createKey({ allowed_models: ['local/*'] });
    const model = 'local/qwen3:8b@q4';
    const answer = (await (await gateway.chat(key, { model })).json()) as Record<string, unknown>;
    expect(answer).toMatchObject({ model, compose_receipt: { meter_subject: `upstream:${model}` } });
    expect(upstream.requests[0]?.body).toMatchObject({ model: 'qwen3:8b@q4', max_completion_tokens: 16_000 });
    expect(await json(`/v1/models/${model}`, key)).toMatchObject({ id: model, contextWindow: 131_072 });
    expect(await json('/v1/models', key)).toMatchObject({ data: [] });
    expect((await gateway.chat(key, { model: 'local/*' })).status).toBe(404);
    const { key: other } = await gateway.createKey({ allowed_models: ['main'] });
    expect((await gateway.chat(other, { model })).status).toBe(403);
  });
});

async function startWithKey(): Promise<void> {
  upstream.reset();
  upstream.always((exchange) => exchange.json({ object: 'list', data: [] }));
  await start({
    environment: { OPENAI_API_KEY: 'sk-upstream', OPENAI_BASE_URL: upstream.url, BUDGET_WAIT_MS: '10000' },
  });
}

/** A key whose whole budget one running call holds. */
async function fullKey(): Promise<{
  id: string;
  key: string;
  exchange: Exchange;
  answer: Promise<Response>;
}> {
  upstream.reset();
  const { id, key } = await gateway.createKey({ budget_limit: '100000' });
  const stalled = nextStalls(upstream);
  const answer = gateway.chat(key, { model: 'gpt-4o' });
  const exchange = await stalled;
  return { id, key, exchange, answer };
}

describe('the first key of a start with an OpenAI-like server', () => {
  /** As agents send them: instructions, tools and the files that were read. */
  const BODY = {
    model: 'gpt-5.5',
    messages: [
      { role: 'system', content: 'You are an agent. '.repeat(1_000) },
      { role: 'user', content: 'const answer = 42; // line\n'.repeat(4_000) },
    ],
    tools: [{ type: 'function', function: { name: 'run', parameters: { type: 'object', properties: {} } } }],
  };

  beforeAll(startWithKey);
  afterAll(() => gateway.close());

  async function runFive(key: string, body: object): Promise<readonly number[]> {
    upstream.reset();
    upstream.always(completion('Done', chatUsage(40_000, 500)));
    const answers = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const response = await gateway.chat(key, { ...BODY, ...body }, { path: '/external/v1' });
        await response.text();
        return response.status;
      }),
    );
    const caps = upstream.requests.map(({ body: sent }) => Number(sent.max_completion_tokens));
    expect(Math.min(...caps)).toBeGreaterThanOrEqual(16);
    return answers;
  }

  it('pays for five agents at once, whatever they hold', async () => {
    const key = await gateway.app.get(KeysService).createFirst();
    expect(await runFive(key!, {})).toEqual([200, 200, 200, 200, 200]);
    // The dearest built-in model, at its whole limit: each of these holds two thirds of the budget.
    expect(await runFive(key!, { model: 'gpt-5.5', max_completion_tokens: 128_000 })).toEqual([
      200, 200, 200, 200, 200,
    ]);
    expect(await runFive(key!, { model: 'sandbox/echo', max_completion_tokens: 65_536 })).toEqual([
      200, 200, 200, 200, 200,
    ]);
  });

  it('lets a call that waits go on when the one before it ends, and another one leave without a trace', async () => {
    const { id, key, exchange, answer } = await fullKey();
    const leaving = new AbortController();
    const left = gateway.chat(key, { model: 'gpt-4o' }, { signal: leaving.signal }).catch(() => 'left');
    await until(() => gateway.runningCalls === 2);
    const waiting = gateway.chat(key, { model: 'gpt-4o' });
    await until(() => gateway.runningCalls === 3);
    leaving.abort();
    expect(await left).toBe('left');
    await until(() => gateway.runningCalls === 2);
    await completion('Done', chatUsage(10, 5))(exchange);
    expect((await answer).status).toBe(200);
    expect((await waiting).status).toBe(200);
    await gateway.idle();
    expect(upstream.requests).toHaveLength(2);
    // gpt-4o: 10 at 2.5 and 5 at 10 USD per million, and 1 %, twice.
    expect(await gateway.keyBudget(id)).toEqual({ spent: 2 * (25 + 50 + 1), held: 0 });
  });
});

it('a call that waits is told to come again when the process ends while it waits', async () => {
  await startWithKey();
  const { key, exchange, answer } = await fullKey();
  const waiting = gateway.chat(key, { model: 'gpt-4o' });
  await until(() => gateway.runningCalls === 2);
  const closed = gateway.close();
  const refused = await waiting;
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  await answer.catch(() => undefined);
  exchange.breakConnection();
  await closed;
});
