import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.js';
import { saysOver, wireOf } from '../support/dialect-wires.js';
import { TestGateway } from '../support/gateway.js';
import { type Exchange, type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.js';
import { until } from '../support/until.js';
import { embeds } from './embeddings/embedding-upstream.js';

const REFRESH_MS = 1_000;

/** What each server lists, by the path that its own clients ask. */
const LISTS = new Map<string, JsonObject>([
  [
    '/v1/models',
    {
      object: 'list',
      data: [{ id: 'gpt-4o-mini-2024-07-18' }, { id: 'text-embedding-3-small' }, { id: 'gpt-secret' }],
    },
  ],
  [
    '/anthropic/v1/models',
    {
      data: [
        { id: 'claude-haiku-4-5-20251001', created_at: '2025-10-15T00:00:00Z', display_name: 'Haiku' },
        { id: 'no-claude' },
      ],
      has_more: false,
    },
  ],
  [
    '/google/v1beta/models',
    {
      models: [
        { name: 'models/gemini-3.8-flash', supportedGenerationMethods: ['generateContent'] },
        { name: 'models/gemini-embedding-001', supportedGenerationMethods: ['embedContent'] },
      ],
    },
  ],
]);

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let key: string;
const lists = new Map(LISTS);

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  upstream.always(serve);
  const { origin } = new URL(upstream.url);
  const discover = { pricing: 'builtin', refresh_ms: REFRESH_MS };
  gateway = await TestGateway.start({
    file: {
      providers: [
        { id: 'openai', type: 'openai', base_url: upstream.url, api_key: 'k', discover },
        {
          ...{ id: 'anthropic', type: 'anthropic', base_url: `${origin}/anthropic`, api_key: 'k' },
          discover: { ...discover, prefix: 'their/', include: ['claude-*'] },
        },
        { id: 'google', type: 'google', base_url: `${origin}/google`, api_key: 'k', discover },
      ],
      models: [],
      sandbox: false,
    },
  });
  ({ key } = await gateway.createKey());
});
beforeEach(() => {
  for (const [path, list] of LISTS) lists.set(path, list);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

function serve(exchange: Exchange): unknown {
  const { path } = exchange.request;
  const list = lists.get(path.replace(/\?.*/, ''));
  if (list) return exchange.json(list);
  if (path.includes('batchEmbedContents')) return exchange.json({ embeddings: [{ values: [1, 2] }] });
  if (path.includes('/embeddings')) return embeds()(exchange);
  return saysOver(wireOf(exchange), ['Hi'], { input: 1_000, output: 100 })(exchange);
}

async function ids(surface: string): Promise<readonly string[]> {
  const response = await fetch(`${gateway.url}${surface}/models`, {
    headers: { authorization: `Bearer ${key}` },
  });
  return ((await response.json()) as { data: { id: string }[] }).data.map(({ id }) => id);
}

const OFFERED = [
  'gpt-4o-mini-2024-07-18',
  'text-embedding-3-small',
  'their/claude-haiku-4-5-20251001',
  'gemini-3.8-flash',
  'gemini-embedding-001',
];

describe('models that nobody typed in', () => {
  it.each(['/v1', '/external/v1'])(
    'are those with a known price that each kind of server lists, at %s',
    async (surface) => {
      // A start waits only for a moment until it has them.
      await until(async () => (await ids(surface)).length === OFFERED.length);
      expect((await ids(surface)).toSorted()).toEqual(OFFERED.toSorted());
    },
  );

  it.each([
    // 1,000 tokens of input and 100 of output, rounded up line by line, and the fee of 1 %.
    ['gpt-4o-mini-2024-07-18', 'gpt-4o-mini-2024-07-18', 150 + 60 + 3],
    ['their/claude-haiku-4-5-20251001', 'claude-haiku-4-5-20251001', 1_000 + 500 + 15],
    ['gemini-3.8-flash', 'gemini-3.8-flash', 1_500 + 750 + 23],
  ])('answer as %s, at their price', async (model, upstreamModel, price) => {
    const response = await gateway.chat(key, { model });
    expect(response.headers.get('x-compose-upstream-model')).toBe(upstreamModel);
    expect(await response.json()).toMatchObject({
      compose_receipt: { final_amount_wei: String(price) },
    });
  });

  it.each(['text-embedding-3-small', 'gemini-embedding-001'])('embed as %s', async (model) => {
    const response = await fetch(`${gateway.url}/v1/embeddings`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ model, input: ['a'] }),
    });
    expect([response.status, await response.json()]).toEqual([
      200,
      expect.objectContaining({ data: [expect.objectContaining({ index: 0 })] }),
    ]);
  });

  it('come and go with the lists, without a restart', async () => {
    lists.set('/anthropic/v1/models', { data: [{ id: 'claude-opus-4-6' }] });
    lists.set('/google/v1beta/models', { models: [] });
    await until(async () => {
      const offered = await ids('/v1');
      return offered.includes('their/claude-opus-4-6') && !offered.includes('gemini-3.8-flash');
    });
    expect((await ids('/v1')).toSorted()).toEqual(
      ['gpt-4o-mini-2024-07-18', 'text-embedding-3-small', 'their/claude-opus-4-6'].toSorted(),
    );
    expect((await gateway.chat(key, { model: 'gemini-3.8-flash' })).status).toBe(404);
  });
});
