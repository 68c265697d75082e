import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI, { AzureOpenAI } from 'openai';
import { decodeVector } from '../../../src/providers/embedding/vector.js';
import { TestGateway } from '../../support/gateway.js';
import { SURFACES } from '../../support/responses-client.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { newPayer } from '../charging/bills.js';
import { SurfaceClient } from '../contract/surface-client.js';
import { embeddingsFile, embeds } from './embedding-upstream.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({
    file: embeddingsFile(upstream.url, { provider: { pass_fields: ['input_type'] } }),
  });
});
beforeEach(() => {
  upstream.reset();
  upstream.always(embeds());
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

describe.each(SURFACES)('embeddings on %s', (surface) => {
  const isNative = surface === '/v1';
  let client: SurfaceClient;
  let openai: OpenAI;
  beforeEach(async () => {
    const { key } = await newPayer(gateway);
    client = new SurfaceClient(gateway.url, surface, key);
    openai = new OpenAI({ apiKey: key, baseURL: gateway.url + surface, maxRetries: 0 });
  });

  it('are a list of numbers in OpenAI’s shape', async () => {
    const body = { model: 'test-embedding', input: ['one', 'two'] };
    const { compose_receipt: receipt, ...list } = await client.json('POST', '/embeddings', body);
    expect(list).toEqual({
      object: 'list',
      data: [
        { object: 'embedding', index: 0, embedding: [0, 0.5] },
        { object: 'embedding', index: 1, embedding: [1, 0.5] },
      ],
      model: 'test-embedding',
      usage: { prompt_tokens: 7, total_tokens: 7 },
    });
    expect(receipt === undefined).toBe(!isNative);
  });

  it('have Compose headers and a receipt on the native surface alone', async () => {
    const answer = await client.send('POST', '/embeddings', { model: 'test-embedding', input: 'one' });
    expect(answer.status).toBe(200);
    const names = [...answer.headers.keys()].filter((name) => name.startsWith('x-compose-'));
    if (!isNative) return expect(names).toEqual([]);
    const receipt = JSON.parse(
      Buffer.from(answer.headers.get('x-compose-receipt') ?? '', 'base64url').toString(),
    ) as object;
    expect(receipt).toMatchObject({
      meterSubject: 'upstream:test-embedding',
      lineItems: [{ key: 'input_tokens', quantity: 7, unit: 'usd_per_1m_tokens', amountWei: '7' }],
      platformFeeWei: '1',
      finalAmountWei: '8',
      responseId: answer.headers.get('x-compose-response-id'),
    });
    expect(answer.headers.get('x-compose-upstream-provider')).toBe('upstream');
    expect(answer.headers.get('x-compose-upstream-model')).toBe('upstream-embedding');
    expect(answer.headers.get('x-compose-upstream-attempts')).toBe('1');
    expect(answer.headers.get('x-compose-key-budget-limit')).toBe('1000000');
  });

  it('are what the official SDK decodes: it asks for base64 unless told otherwise', async () => {
    const byDefault = await openai.embeddings.create({ model: 'test-embedding', input: ['one', 'two'] });
    expect(byDefault.data.map(({ embedding }) => embedding)).toEqual([
      [0, 0.5],
      [1, 0.5],
    ]);
    expect(upstream.requests.map(({ body }) => body['encoding_format'])).toEqual(['base64']);
    const floats = await openai.embeddings.create({
      model: 'test-embedding',
      input: 'one',
      encoding_format: 'float',
    });
    expect(floats.data[0]?.embedding).toEqual([0, 0.5]);
    expect(upstream.requests[1]?.body).not.toHaveProperty('encoding_format');
    expect(floats.usage).toEqual({ prompt_tokens: 7, total_tokens: 7 });
  });

  it('reach the provider with what the client asked for, its own user hashed, and no unknown field', async () => {
    await client.json('POST', '/embeddings', {
      model: 'test-embedding',
      input: [[1, 2], [3]],
      dimensions: 2,
      user: 'ada',
      input_type: 'query',
      truncate: true,
    });
    expect(upstream.requests[0]).toMatchObject({ method: 'POST', path: '/v1/embeddings' });
    expect(upstream.requests[0]?.headers['authorization']).toBe('Bearer sk-upstream-secret');
    expect(upstream.requests[0]?.body).toEqual({
      model: 'upstream-embedding',
      input: [[1, 2], [3]],
      dimensions: 2,
      user: expect.stringMatching(/^[0-9a-f]{64}$/),
      input_type: 'query',
    });
  });

  it('of the sandbox are unit vectors that depend on the input alone', async () => {
    const input = ['one', 'two', 'one'];
    const { data, usage } = await openai.embeddings.create({ model: 'sandbox/embedding', input });
    const [one, two, again] = data.map(({ embedding }) => embedding);
    expect(one).toEqual(again);
    expect(one).not.toEqual(two);
    expect(one).toHaveLength(256);
    expect(Math.hypot(...(one ?? []))).toBeCloseTo(1, 6);
    expect(usage).toEqual({ prompt_tokens: 3, total_tokens: 3 });
    const short = await client.json('POST', '/embeddings', {
      model: 'sandbox/embedding',
      input: 'one',
      dimensions: 8,
      encoding_format: 'base64',
    });
    const [entry] = short['data'] as unknown as readonly { embedding: string }[];
    expect(decodeVector(entry?.embedding ?? '')).toHaveLength(8);
  });

  it('have their models among the others', async () => {
    const { data } = (await client.json('GET', '/models')) as unknown as { data: readonly object[] };
    const common = {
      id: 'test-embedding',
      object: 'model',
      owned_by: 'upstream',
      created: expect.any(Number),
    };
    const native = {
      modelId: 'test-embedding',
      provider: 'upstream',
      input: ['text'],
      output: ['embedding'],
      contextWindow: 8_192,
      pricing: { input: 1 },
    };
    const card = { ...common, ...(isNative && native) };
    expect(data).toContainEqual(card);
    expect(await client.json('GET', '/models/test-embedding')).toEqual(card);
  });

  it.each([
    ['/embeddings', { model: 'test-model', input: 'one' }],
    ['/embeddings', { model: 'sandbox/video', input: 'one' }],
    ['/chat/completions', { model: 'test-embedding', messages: [{ role: 'user', content: 'Hi' }] }],
    ['/responses', { model: 'test-embedding', input: 'Hi' }],
    ['/responses/input_tokens', { model: 'test-embedding', input: 'Hi' }],
    ['/videos/generations', { model: 'test-embedding', prompt: 'Hi' }],
  ])('are for models that make them, and those for nothing else: %s %j', async (path, body) => {
    const { error } = await client.json('POST', path, body, 400);
    expect(error).toMatchObject({
      code: 'unsupported_parameter',
      type: 'invalid_request_error',
      param: 'model',
      message: expect.stringMatching(/ makes (text|videos|embeddings)/),
    });
    expect(upstream.requests).toEqual([]);
  });
});

it('are for no model of Messages, in the envelope of its clients', async () => {
  const { key } = await newPayer(gateway);
  const client = new SurfaceClient(gateway.url, '/v1', key);
  const body = { model: 'test-embedding', max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] };
  expect(await client.json('POST', '/messages', body, 400)).toMatchObject({
    type: 'error',
    error: { type: 'invalid_request_error', message: expect.stringContaining('makes embeddings') },
  });
});

it("are for Azure's official client too", async () => {
  const { key: apiKey } = await newPayer(gateway);
  const endpoint = `${gateway.url}/external`;
  const client = new AzureOpenAI({ endpoint, apiKey, apiVersion: '2024-10-21' });
  const { data, model } = await client.embeddings.create({ model: 'test-embedding', input: 'one' });
  expect(data[0]?.embedding).toEqual([0, 0.5]);
  expect(model).toBe('test-embedding');
});
