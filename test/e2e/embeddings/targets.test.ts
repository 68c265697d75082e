import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import { refusal, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { newPayer } from '../charging/bills.js';
import { embeds } from './embedding-upstream.js';

let google: ScriptedUpstream;
let openai: ScriptedUpstream;
let gateway: TestGateway;
let payer: CreatedKey;

beforeAll(async () => {
  [google, openai] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
  const key = { api_key: 'sk-upstream-secret' };
  gateway = await TestGateway.start({
    file: {
      providers: [
        { id: 'google', type: 'google', base_url: google.url, ...key },
        { id: 'openai', type: 'openai', base_url: openai.url, ...key },
      ],
      models: [
        {
          id: 'both',
          kind: 'embedding',
          targets: [
            { provider: 'google', model: 'gemini-embedding-001' },
            { provider: 'openai', model: 'gemini-too', priority: 2 },
          ],
          pricing: 'builtin',
        },
      ],
    },
  });
});
beforeEach(async () => {
  google.reset();
  openai.reset();
  google.always((exchange) =>
    exchange.json({ embeddings: [{ values: [1, 2] }], usageMetadata: { promptTokenCount: 3 } }),
  );
  openai.always(embeds());
  payer = await newPayer(gateway);
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([google.close(), openai.close()]);
});

async function ask(input: unknown): Promise<readonly [provider: string | null, body: object]> {
  const answer = await fetch(`${gateway.url}/v1/embeddings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${payer.key}` },
    body: JSON.stringify({ model: 'both', input }),
  });
  expect(answer.status).toBe(200);
  return [answer.headers.get('x-compose-upstream-provider'), (await answer.json()) as object];
}

it('asks the first target on its own wire, and charges by its count', async () => {
  const [provider, body] = await ask('one');
  expect(provider).toBe('google');
  expect(body).toMatchObject({
    data: [{ embedding: [1, 2] }],
    usage: { prompt_tokens: 3, total_tokens: 3 },
    compose_receipt: { line_items: [{ key: 'input_tokens', quantity: 3, unit_price_usd: '0.15' }] },
  });
  expect(openai.requests).toHaveLength(0);
});

it('asks the next target for what the first one cannot take, or cannot do now', async () => {
  expect((await ask([1, 2]))[0]).toBe('openai');
  expect(google.requests).toHaveLength(0);
  google.next(refusal(503));
  expect((await ask('one'))[0]).toBe('openai');
  expect(google.requests).toHaveLength(1);
});
