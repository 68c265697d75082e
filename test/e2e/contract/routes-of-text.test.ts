import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TestGateway } from '../../support/gateway.js';
import { SURFACES } from '../../support/responses-client.js';
import { newPayer } from '../charging/bills.js';
import { SocketClient } from '../responses-socket/socket-client.js';
import { SurfaceClient } from './surface-client.js';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway.close());

const MODEL = { model: 'sandbox/assistant' };
const CHAT = { ...MODEL, messages: [{ role: 'user', content: 'Hi' }] };
const RESPONSE = { ...MODEL, input: 'Hi' };
const SAID = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] };

describe.each(SURFACES)('on %s', (surface) => {
  const isNative = surface === '/v1';
  let client: SurfaceClient;
  beforeEach(async () => {
    client = new SurfaceClient(gateway.url, surface, (await newPayer(gateway)).key);
  });

  it('[route.chat.create] answers whole and streamed', async () => {
    const whole = await client.json('POST', '/chat/completions', CHAT);
    expect(whole).toMatchObject({ object: 'chat.completion', choices: [{ finish_reason: 'stop' }] });
    expect('compose_receipt' in whole).toBe(isNative);
    const streamed = await client.text('POST', '/chat/completions', { ...CHAT, stream: true });
    expect(streamed).toMatch(/"object":"chat.completion.chunk"[^]*data: \[DONE\]\n\n$/);
    expect(streamed.includes('event: compose.receipt\n')).toBe(isNative);
  });

  it('[route.chat.list] [route.chat.find] [route.chat.messages] [route.chat.update] [route.chat.delete]', async () => {
    const { id } = await client.json('POST', '/chat/completions', { ...CHAT, store: true });
    const path = `/chat/completions/${id}`;
    expect(await client.json('GET', '/chat/completions')).toMatchObject({ object: 'list', data: [{ id }] });
    expect(await client.json('GET', path)).toMatchObject({ id, object: 'chat.completion' });
    expect(await client.json('GET', `${path}/messages`)).toMatchObject({ data: [{ content: 'Hi' }] });
    const metadata = { topic: 'greeting' };
    expect(await client.json('POST', path, { metadata })).toMatchObject({ id, metadata });
    expect(await client.json('DELETE', path)).toEqual({
      id,
      object: 'chat.completion.deleted',
      deleted: true,
    });
    await client.text('GET', path, undefined, 404);
  });

  it('[route.responses.create] [route.responses.find] answer whole and streamed', async () => {
    const whole = await client.json('POST', '/responses', RESPONSE);
    expect(whole).toMatchObject({ object: 'response', status: 'completed' });
    expect('compose_receipt' in whole).toBe(isNative);
    expect(await client.json('GET', `/responses/${whole.id}`)).toEqual(whole);
    const ended = /event: response.completed\n[^]*data: \[DONE\]\n\n$/;
    const streamed = await client.text('POST', '/responses', { ...RESPONSE, stream: true });
    expect(streamed).toMatch(ended);
    expect(streamed.includes('event: compose.receipt\n')).toBe(isNative);
    expect(await client.text('GET', `/responses/${whole.id}?stream=true`)).toMatch(ended);
  });

  it('[route.responses.input-items] [route.responses.delete]', async () => {
    const { id } = await client.json('POST', '/responses', RESPONSE);
    const items = await client.json('GET', `/responses/${id}/input_items`);
    expect(items).toMatchObject({ object: 'list', data: [SAID] });
    expect(await client.json('DELETE', `/responses/${id}`)).toEqual({
      id,
      object: 'response',
      deleted: true,
    });
    await client.text('GET', `/responses/${id}`, undefined, 404);
  });

  it('[route.responses.cancel] ends what runs', async () => {
    const endless = { model: 'sandbox/echo:hang_after=1', input: 'Hi there', background: true };
    const { id } = await client.json('POST', '/responses', endless);
    const cancelled = await client.json('POST', `/responses/${id}/cancel`);
    expect(cancelled).toMatchObject({ id, status: 'cancelled' });
  });

  it('[route.responses.input-tokens] [route.responses.compact]', async () => {
    expect(await client.json('POST', '/responses/input_tokens', RESPONSE)).toEqual({
      object: 'response.input_tokens',
      input_tokens: expect.any(Number),
    });
    expect(await client.json('POST', '/responses/compact', RESPONSE)).toMatchObject({
      object: 'response.compaction',
      output: [{ type: 'message' }, { type: 'compaction' }],
    });
  });

  it('[route.responses.socket] takes and answers messages', async () => {
    const socket = await SocketClient.open(gateway.url, client.key, surface);
    expect(await socket.response(MODEL)).toMatchObject({ object: 'response', status: 'completed' });
    socket.socket.terminate();
  });

  it('[route.conversations.create] [route.conversations.find] [route.conversations.update] [route.conversations.delete]', async () => {
    const made = await client.json('POST', '/conversations', { metadata: { topic: 'one' } });
    const path = `/conversations/${made.id}`;
    expect(made).toMatchObject({ object: 'conversation', metadata: { topic: 'one' } });
    expect(await client.json('GET', path)).toEqual(made);
    const changed = await client.json('POST', path, { metadata: { topic: 'two' } });
    expect(changed).toEqual({ ...made, metadata: { topic: 'two' } });
    const { id } = made;
    expect(await client.json('DELETE', path)).toEqual({ id, object: 'conversation.deleted', deleted: true });
    await client.text('GET', path, undefined, 404);
  });

  it('[route.conversations.add-items] [route.conversations.list-items] [route.conversations.find-item] [route.conversations.delete-item]', async () => {
    const { id } = await client.json('POST', '/conversations', {});
    const path = `/conversations/${id}/items`;
    const added = await client.json('POST', path, { items: [SAID] });
    expect(added).toMatchObject({ object: 'list', data: [SAID] });
    const [item] = added['data'] as readonly [{ readonly id: string }];
    expect(await client.json('GET', path)).toMatchObject({ data: [item] });
    expect(await client.json('GET', `${path}/${item.id}`)).toEqual(item);
    expect(await client.json('DELETE', `${path}/${item.id}`)).toMatchObject({ id, object: 'conversation' });
    expect(await client.json('GET', path)).toMatchObject({ data: [] });
  });

  it('[route.embeddings.create] answers with a vector for each input', async () => {
    const list = await client.json('POST', '/embeddings', { model: 'sandbox/embedding', input: ['a', 'b'] });
    expect(list).toMatchObject({ object: 'list', data: [{ index: 0 }, { index: 1 }] });
    expect('compose_receipt' in list).toBe(isNative);
  });

  it('[route.models.list] [route.models.find]', async () => {
    const { data } = (await client.json('GET', '/models')) as unknown as { data: readonly { id: string }[] };
    const [listed] = data.filter(({ id }) => id === MODEL.model);
    expect(listed).toMatchObject({ object: 'model' });
    expect(await client.json('GET', `/models/${MODEL.model}`)).toEqual(listed);
  });
});

it('[route.azure.chat] answers as the external surface does', async () => {
  const { key } = await newPayer(gateway);
  const answer = await fetch(
    `${gateway.url}/external/openai/deployments/${MODEL.model}/chat/completions?api-version=2024-10-21`,
    { method: 'POST', headers: { 'api-key': key }, body: JSON.stringify({ messages: CHAT.messages }) },
  );
  expect(answer.status).toBe(200);
  const text = await answer.text();
  expect(JSON.parse(text)).toMatchObject({ object: 'chat.completion', model: MODEL.model });
  expect(text).not.toContain('compose_');
});

it('[route.azure.embeddings] answers as the external surface does', async () => {
  const { key } = await newPayer(gateway);
  const model = 'sandbox/embedding';
  const answer = await fetch(
    `${gateway.url}/external/openai/deployments/${model}/embeddings?api-version=2024-10-21`,
    { method: 'POST', headers: { 'api-key': key }, body: JSON.stringify({ input: 'a' }) },
  );
  expect(answer.status).toBe(200);
  const text = await answer.text();
  expect(JSON.parse(text)).toMatchObject({ object: 'list', model, data: [{ index: 0 }] });
  expect(text).not.toContain('compose_');
});

it('[route.receipts.list] [route.receipts.find] [route.receipts.keys] are on the native surface alone', async () => {
  const { key } = await newPayer(gateway);
  const client = new SurfaceClient(gateway.url, '/v1', key);
  const { compose_receipt: receipt } = await client.json('POST', '/chat/completions', CHAT);
  expect(await client.json('GET', '/receipts')).toMatchObject({ object: 'list', data: [receipt] });
  const { id } = receipt as { readonly id: string };
  expect(await client.json('GET', `/receipts/${id}`)).toEqual(receipt);
  const keys = await fetch(`${gateway.url}/.well-known/jwks.json`);
  expect(await keys.json()).toMatchObject({ keys: [{ kty: 'OKP', crv: 'Ed25519' }] });
  const external = new SurfaceClient(gateway.url, '/external/v1', key);
  await external.text('GET', '/receipts', undefined, 404);
});
