import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AzureOpenAI } from 'openai';
import type { JsonObject } from '../../src/base/json.js';
import { saysOver, wireOf } from '../support/dialect-wires.js';
import { TestGateway } from '../support/gateway.js';
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.js';
import { embeds } from './embeddings/embedding-upstream.js';

const API_KEY = 'azure-key';
const VERSION = '2024-10-21';
/** A name that has to be encoded. */
const DEPLOYMENT = 'gpt 5.5';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let key: string;
let client: AzureOpenAI;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const endpoint = new URL(upstream.url).origin;
  const provider = { type: 'openai', profile: 'azure', api_key: API_KEY, api_version: VERSION };
  const text = { context_window: 100_000, max_output_tokens: 1_000, pricing: 'free' };
  gateway = await TestGateway.start({
    file: {
      providers: [
        { ...provider, id: 'azure', base_url: endpoint },
        { ...provider, id: 'behind', base_url: `${endpoint}/proxy/openai` },
        { ...provider, id: 'responses', base_url: endpoint, wires: ['responses'] },
      ],
      models: [
        { id: 'chat', targets: [{ provider: 'azure', model: DEPLOYMENT }], ...text },
        { id: 'behind', targets: [{ provider: 'behind', model: 'dep' }], ...text },
        { id: 'responses', targets: [{ provider: 'responses', model: DEPLOYMENT }], ...text },
        {
          ...{ id: 'embed', kind: 'embedding', pricing: 'free' },
          targets: [{ provider: 'azure', model: DEPLOYMENT }],
        },
      ],
    },
  });
  ({ key } = await gateway.createKey());
  client = new AzureOpenAI({ endpoint, apiKey: API_KEY, apiVersion: VERSION, deployment: undefined });
});
beforeEach(() => {
  upstream.reset();
  upstream.always((exchange) => {
    if (exchange.request.path.includes('/embeddings')) return embeds()(exchange);
    return saysOver(wireOf(exchange), ['Hi', '!'], { input: 10, output: 5 })(exchange);
  });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** What the upstream was asked, as far as it says where and by whom. */
function asked(): readonly unknown[] {
  return upstream.requests.map(({ method, path, headers, body }) => [
    ...[method, path, headers['api-key'], headers.authorization],
    body['model'],
  ]);
}

const messages = [{ role: 'user' as const, content: 'Hi' }];

async function through(path: string, body: JsonObject): Promise<void> {
  const response = await fetch(`${gateway.url}/v1/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
}

describe('a dated version of Azure', () => {
  it.each<[string, () => Promise<unknown>, () => Promise<unknown>]>([
    [
      'chat',
      () => client.chat.completions.create({ model: DEPLOYMENT, messages }),
      () => through('chat/completions', { model: 'chat', messages }),
    ],
    [
      'streams',
      () => client.chat.completions.create({ model: DEPLOYMENT, messages, stream: true }),
      () => through('chat/completions', { model: 'chat', messages, stream: true }),
    ],
    [
      'embeddings',
      () => client.embeddings.create({ model: DEPLOYMENT, input: ['Hi'] }),
      () => through('embeddings', { model: 'embed', input: ['Hi'] }),
    ],
    [
      'Responses',
      () => client.responses.create({ model: DEPLOYMENT, input: 'Hi' }),
      () => through('responses', { model: 'responses', input: 'Hi' }),
    ],
  ])('is asked for %s as its own client asks', async (_what, own, ours) => {
    await own();
    await ours();
    const [direct, gatewayed] = asked();
    expect(gatewayed).toEqual(direct);
    expect(gatewayed).toEqual([
      'POST',
      expect.stringMatching(/^\/openai\/.*\?api-version=2024-10-21$/),
      API_KEY,
      undefined,
      DEPLOYMENT,
    ]);
  });

  it('may be behind a path', async () => {
    await through('chat/completions', { model: 'behind', messages });
    expect(upstream.requests.map(({ path }) => path)).toEqual([
      `/proxy/openai/deployments/dep/chat/completions?api-version=${VERSION}`,
    ]);
  });
});
