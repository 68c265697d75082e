import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { callsTools, says, toolCall } from '../../support/chat-scripts.js';
import { chatUsage } from '../../support/chat-wire.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { accumulated, MessagesClient, type Message } from '../../support/messages-client.js';
import { completion, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';

const CACHED = {
  ...chatUsage(1_000, 20),
  prompt_tokens_details: { cached_tokens: 600, cache_write_tokens: 100 },
};
const WEATHER = {
  name: 'weather',
  description: 'What the weather is like',
  input_schema: { type: 'object', properties: { city: { type: 'string' } } },
};

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let native: MessagesClient;
let external: MessagesClient;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const file = fileFor(upstream.url);
  const [provider] = file.providers;
  const [model] = file.models;
  gateway = await TestGateway.start({
    file: {
      providers: [...file.providers, { ...provider, id: 'picky', pass_fields: ['top_k'] }],
      models: [...file.models, { ...model, id: 'picky', targets: [{ provider: 'picky', model: 'm' }] }],
    },
  });
  const { key } = await gateway.createKey({ budget_limit: '1000000' });
  native = new MessagesClient(gateway.url, { 'x-api-key': key });
  external = new MessagesClient(`${gateway.url}/external`, { authorization: `Bearer ${key}` });
});
beforeEach(() => upstream.reset());
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** Without what differs between two calls. */
function alike({ content, ...message }: Message): object {
  const { id: _id, compose_receipt: _receipt, ...rest } = message;
  return { ...rest, content: content.map(({ id: _own, ...block }) => block) };
}

describe('[route.messages.create] a Message', () => {
  it('is the same whole and streamed, on both surfaces', async () => {
    upstream.always(
      says([{ reasoning_content: 'Hm.' }, { content: 'Hello' }, { content: ' there' }], 'stop', CACHED),
    );
    const [whole, externalWhole] = [await native.message(), await external.message()];
    const [streamed, externalStreamed] = [
      accumulated(await native.frames()),
      accumulated(await external.frames()),
    ];
    expect(alike(whole)).toEqual({
      type: 'message',
      role: 'assistant',
      model: 'test-model',
      content: [
        { type: 'thinking', thinking: 'Hm.', signature: 'cmp1.upstream.' },
        { type: 'text', text: 'Hello there' },
      ],
      stop_reason: 'end_turn',
      stop_sequence: null,
      stop_details: null,
      container: null,
      usage: {
        input_tokens: 300,
        cache_read_input_tokens: 600,
        cache_creation_input_tokens: 100,
        cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 0 },
        output_tokens: 20,
        output_tokens_details: { thinking_tokens: 0 },
        server_tool_use: null,
        service_tier: null,
      },
    });
    for (const other of [externalWhole, streamed, externalStreamed])
      expect(alike(other)).toEqual(alike(whole));
    expect(whole.id).toMatch(/^msg_[0-9a-z]{32}$/);
    expect([whole.compose_receipt, streamed.compose_receipt]).toEqual([
      expect.objectContaining({ response_id: whole.id, final_amount_wei: expect.any(String) }),
      expect.objectContaining({ response_id: streamed.id }),
    ]);
    expect([externalWhole.compose_receipt, externalStreamed.compose_receipt]).toEqual([undefined, undefined]);
  });

  it('has its receipt and budget in headers on native, and nothing of ours on external', async () => {
    const response = await native.create();
    const message = (await response.json()) as Message;
    expect(response.headers.get('x-compose-response-id')).toBe(message.id);
    expect(response.headers.get('x-compose-key-budget-limit')).toBe('1000000');
    const receipt = JSON.parse(
      Buffer.from(response.headers.get('x-compose-receipt') ?? '', 'base64url').toString(),
    ) as object;
    expect(receipt).toMatchObject({ responseId: message.id });
    expect(response.headers.get('request-id')).toBe(response.headers.get('x-request-id'));
    const plain = await external.create();
    expect([...plain.headers.keys()].filter((name) => name.startsWith('x-compose'))).toEqual([]);
  });

  it('begins with an estimate of its input, and ends with what it used', async () => {
    upstream.next(completion('Hello', chatUsage(50, 7)));
    const frames = await native.frames();
    const [start] = frames;
    const { usage } = (start?.data as { message: Message }).message;
    expect(usage).toMatchObject({ output_tokens: 0, input_tokens: expect.any(Number) });
    expect(usage['input_tokens']).toBeGreaterThan(0);
    expect(frames.map(({ event }) => event)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    expect(frames.at(-2)?.data).toMatchObject({ usage: { input_tokens: 50, output_tokens: 7 } });
  });

  it('calls tools and takes their results, with ids of its own', async () => {
    const both = callsTools(
      toolCall('call_0', 'weather', '{"city":"Oslo"}'),
      toolCall('call_1', 'weather', '{"city":"Rome"}'),
    );
    upstream.always(both);
    const asked = { tools: [WEATHER], messages: [{ role: 'user', content: 'Weather in Oslo and Rome?' }] };
    const [whole, streamed] = [await external.message(asked), accumulated(await external.frames(asked))];
    expect(alike(whole)).toEqual(alike(streamed));
    expect(whole.stop_reason).toBe('tool_use');
    expect(whole.content).toEqual([
      {
        type: 'tool_use',
        id: expect.stringMatching(/^toolu_[0-9a-f]{24}$/),
        name: 'weather',
        input: { city: 'Oslo' },
      },
      {
        type: 'tool_use',
        id: expect.stringMatching(/^toolu_[0-9a-f]{24}$/),
        name: 'weather',
        input: { city: 'Rome' },
      },
    ]);
    const [oslo, rome] = whole.content.map(({ id }) => String(id));
    upstream.reset();
    await external.message({
      tools: [WEATHER],
      messages: [
        ...asked.messages,
        { role: 'assistant', content: whole.content },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Here.' },
            { type: 'tool_result', tool_use_id: rome, content: [{ type: 'text', text: 'sun' }] },
            { type: 'tool_result', tool_use_id: oslo, content: 'no such city', is_error: true },
          ],
        },
      ],
    });
    expect(upstream.requests[0]?.body['messages']).toEqual([
      { role: 'user', content: 'Weather in Oslo and Rome?' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: oslo, type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
          { id: rome, type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } },
        ],
      },
      { role: 'tool', tool_call_id: rome, content: 'sun' },
      { role: 'tool', tool_call_id: oslo, content: 'Error: no such city' },
      { role: 'user', content: 'Here.' },
    ]);
  });

  it('asks for at most what its model gives, and says so on native', async () => {
    const [response, plain] = [
      await native.create({ max_tokens: 64_000 }),
      await external.create({ max_tokens: 64_000 }),
    ];
    expect(upstream.requests.map(({ body }) => body['max_completion_tokens'])).toEqual([1_000, 1_000]);
    expect([response, plain].map(({ headers }) => headers.get('x-compose-output-cap'))).toEqual([
      '1000',
      null,
    ]);
  });

  it('asks nobody and costs nothing when no answer is wanted', async () => {
    const { content, stop_reason, usage } = await native.message({ max_tokens: 0 });
    expect([content, stop_reason, usage['input_tokens'], usage['output_tokens']]).toEqual([
      [],
      'max_tokens',
      0,
      0,
    ]);
    const streamed = accumulated(await external.frames({ max_tokens: 0 }));
    expect([streamed.content, streamed.stop_reason]).toEqual([[], 'max_tokens']);
    expect(
      (
        await new MessagesClient(gateway.url, { 'x-api-key': 'compose-nobody-knows-this-key' }).create({
          max_tokens: 0,
        })
      ).status,
    ).toBe(401);
    expect(upstream.requests).toHaveLength(0);
  });

  it('passes `top_k` on where the provider takes it, and refuses it elsewhere', async () => {
    expect((await native.create({ model: 'picky', top_k: 5 })).status).toBe(200);
    expect(upstream.requests[0]?.body).toMatchObject({ top_k: 5 });
    expect((await native.create({ top_k: 5 })).status).toBe(400);
  });

  it('runs once under an Idempotency-Key, and is repeated frame by frame', async () => {
    const once = { 'idempotency-key': 'the-same' };
    const first = await (await native.create({ stream: true }, once)).text();
    const again = await native.create({ stream: true }, once);
    expect(again.headers.get('x-compose-idempotent-replay')).toBe('true');
    expect(await again.text()).toBe(first);
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('[route.messages.count] the count of a prompt', () => {
  it('costs nothing, and says on native that it is an estimate', async () => {
    const body = {
      model: 'test-model',
      messages: [{ role: 'user', content: 'How long is this?' }],
      tools: [WEATHER],
    };
    const [counted, plain] = await Promise.all(
      [native, external].map(async (client) => (await client.post('/messages/count_tokens', body)).json()),
    );
    expect(counted).toEqual({ input_tokens: expect.any(Number), estimated: true });
    expect(plain).toEqual({ input_tokens: (counted as { input_tokens: number }).input_tokens });
    expect(upstream.requests).toHaveLength(0);
  });

  it('has a limit of its own, ten times that of calls, and any number at once', async () => {
    const { key } = await gateway.createKey({ rate_limit_rpm: 1, max_concurrent_requests: 1 });
    const counting = new MessagesClient(gateway.url, { 'x-api-key': key });
    const body = { model: 'test-model', messages: [{ role: 'user', content: 'Hi' }] };
    const count = async (): Promise<number> => (await counting.post('/messages/count_tokens', body)).status;
    const statuses = await Promise.all(Array.from({ length: 11 }, count));
    expect(statuses.sort()).toEqual([...Array<number>(10).fill(200), 429]);
    expect((await counting.create()).status).toBe(200);
  });
});
