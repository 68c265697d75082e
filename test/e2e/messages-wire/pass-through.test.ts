import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { accumulated, MessagesClient, type Message } from '../../support/messages-client.js';
import {
  answersMessage,
  framesOf,
  messageOf,
  namedFrames,
  refusesMessage,
  saysMessage,
} from '../../support/messages-wire.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import type { framesOf as parsed } from '../../support/sse-frames.js';

const HOUR = { type: 'ephemeral', ttl: '1h' };
const HEADERS = {
  'anthropic-version': '2026-10-21',
  'anthropic-beta': 'claude-code-20250219,effort-2025-11-24',
  'x-claude-code-session-id': 'session',
};
/** In an order of its own, with things that the gateway does not know. */
const BODY: JsonObject = {
  system: [
    { type: 'text', text: 'x-anthropic-billing-header: cc_version=1' },
    { type: 'text', text: 'Be brief.', cache_control: HOUR },
  ],
  stop_sequences: ['a', 'b', 'c', 'd', 'e'],
  messages: [
    {
      role: 'user',
      content: [
        {
          type: 'document',
          source: { type: 'url', url: 'https://a.example/b.pdf' },
          citations: { enabled: true },
        },
        { type: 'a_new_block', of: ['some', 'kind', null] },
      ],
    },
    { role: 'system', content: 'Now.', output_config: { effort: 'low' } },
  ],
  top_k: 3,
  tools: [
    { type: 'bash_20250124', name: 'bash' },
    {
      name: 'f',
      input_schema: { type: 'object' },
      defer_loading: true,
      cache_control: { type: 'ephemeral' },
    },
  ],
  thinking: { type: 'adaptive', display: 'omitted' },
  a_new_field: { deep: [1] },
  metadata: { user_id: 'somebody' },
  model: 'test-model',
  max_tokens: 64_000,
};
/** What the test's client puts first. */
const FIRST: JsonObject = { model: '', max_tokens: 0, messages: [] };
const ANSWER = messageOf(
  [
    { type: 'thinking', thinking: 'Look.', signature: 'EqQB/+=' },
    { type: 'redacted_thinking', data: 'EmwK' },
    { type: 'a_new_block', of: 'some kind' },
    { type: 'text', text: 'Sunny.', citations: null },
    { type: 'tool_use', id: 'toolu_01A', name: 'f', input: { a: 1 } },
  ],
  {
    stop_reason: 'pause_turn',
    usage: {
      input_tokens: 10,
      output_tokens: 5,
      cache_read_input_tokens: 7,
      service_tier: 'standard',
      a_new_count: 1,
    },
  },
);
const SHOWN = [
  { type: 'thinking', thinking: 'Look.', signature: 'cmp1.upstream.tEqQB/+=' },
  { type: 'redacted_thinking', data: 'cmp1.upstream.rEmwK' },
  ...(ANSWER['content'] as readonly JsonObject[]).slice(2),
];

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let native: MessagesClient;
let external: MessagesClient;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({
    file: fileFor(upstream.url, { provider: { type: 'anthropic' }, model: { max_output_tokens: 2_000 } }),
  });
  const { key } = await gateway.createKey({ budget_limit: '1000000' });
  native = new MessagesClient(gateway.url, { 'x-api-key': key });
  external = new MessagesClient(`${gateway.url}/external`, { 'x-api-key': key });
});
beforeEach(() => upstream.reset());
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

describe('a Message for an upstream of the same wire', () => {
  it('goes up as it was sent, field by field and in its order, but for what is ours', async () => {
    upstream.next(saysMessage('Sunny.'));
    expect((await native.create(BODY, HEADERS)).status).toBe(200);
    const [sent] = upstream.requests;
    const user = (sent?.body['metadata'] as JsonObject)['user_id'];
    expect(user).toMatch(/^[0-9a-f]{64}$/);
    const changed: JsonObject = { model: 'upstream-model', max_tokens: 2_000, metadata: { user_id: user } };
    const expected = { ...FIRST, ...BODY, ...changed };
    // Written by a client that puts its own fields first.
    expect(sent?.text).toBe(JSON.stringify(expected));
    expect(sent?.headers).toMatchObject({
      'anthropic-version': '2026-10-21',
      'anthropic-beta': 'claude-code-20250219,effort-2025-11-24',
    });
    expect(sent?.headers).not.toHaveProperty('x-claude-code-session-id');
  });

  it('comes back as it was said, whole and streamed, with our id, name, signatures and receipt', async () => {
    upstream.always((exchange) =>
      exchange.request.body['stream'] === true
        ? exchange.end(namedFrames(...framesOf(ANSWER), { type: 'a_new_event', of: 'some kind' }))
        : exchange.json(ANSWER),
    );
    const whole = await native.message(BODY);
    expect(whole).toEqual({
      ...ANSWER,
      id: whole.id,
      model: 'test-model',
      content: SHOWN,
      compose_receipt: expect.objectContaining({ response_id: whole.id }),
    });
    const { compose_receipt: _none, ...plain } = await external.message(BODY);
    expect(plain).toEqual({ ...ANSWER, id: plain.id, model: 'test-model', content: SHOWN });
    const frames = await native.frames(BODY);
    const unknown = frames.filter(({ event }) => event === 'a_new_event');
    expect(unknown.map(({ data }) => data)).toEqual([{ type: 'a_new_event', of: 'some kind' }]);
    const known = frames.filter(({ event }) => event !== 'a_new_event');
    const streamed = accumulatedOf(known);
    expect(streamed).toMatchObject({
      model: 'test-model',
      content: SHOWN,
      stop_reason: 'pause_turn',
      usage: ANSWER['usage'],
    });
    expect(streamed.compose_receipt).toMatchObject({ response_id: streamed.id });
    expect(frames.at(-1)?.event).toBe('message_stop');
  });

  it('carries its own reasoning back, and leaves out that of others', async () => {
    upstream.next(answersMessage(ANSWER['content'] as readonly JsonObject[])).always(saysMessage('Sunny.'));
    const { content } = await native.message({ ...BODY, thinking: { type: 'adaptive' } });
    const call = { role: 'assistant', content: [...content.slice(0, 2), ...content.slice(3)] };
    const foreign = { type: 'thinking', thinking: 'Not ours.', signature: 'cmp1.other.tX' };
    const result = {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 'toolu_01A', content: 'sun' }],
    };
    const turn = { role: 'assistant', content: [foreign, { type: 'text', text: 'Hm.' }] };
    await native.message({
      messages: [{ role: 'user', content: 'a' }, turn, { role: 'user', content: 'b' }, call, result],
    });
    const messages = upstream.requests[1]?.body['messages'] as readonly JsonObject[];
    expect(messages[1]).toEqual({ role: 'assistant', content: [{ type: 'text', text: 'Hm.' }] });
    const own = (ANSWER['content'] as readonly JsonObject[]).filter(({ type }) => type !== 'a_new_block');
    expect(messages[3]).toEqual({ role: 'assistant', content: own });
  });

  it('does not ask for thinking in a loop of tools that another model began', async () => {
    const messages = [
      { role: 'user', content: 'a' },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Not ours.', signature: 'cmp1.other.tX' },
          { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} },
        ],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'sun' }] },
    ];
    const edits = [{ type: 'clear_thinking_20251015' }, { type: 'clear_tool_uses_20250919' }];
    upstream.always(saysMessage('Sunny.'));
    await native.message({ ...BODY, messages, context_management: { edits } });
    expect(upstream.requests[0]?.body).toMatchObject({
      thinking: { type: 'disabled' },
      context_management: { edits: edits.slice(1) },
    });
  });

  it.each([
    ['another wire’s model', 'toolu_0123456789abcdef01234567', { type: 'disabled' }],
    ['its own model, without a thought', 'toolu_01KxQvB3mLr5cZ7sWd9fGhTp', BODY.thinking],
  ])(
    'asks for thinking in a loop of tools as the service takes it: begun by %s',
    async (_who, id, thinking) => {
      const messages = [
        { role: 'user', content: 'a' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Ours.', signature: 'cmp1.upstream.tX' },
            { type: 'text', text: 'Hm.' },
          ],
        },
        { role: 'user', content: 'b' },
        { role: 'assistant', content: [{ type: 'tool_use', id, name: 'f', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'sun' }] },
      ];
      upstream.always(saysMessage('Sunny.'));
      await native.message({ ...BODY, messages });
      expect(upstream.requests[0]?.body).toMatchObject({ thinking });
    },
  );

  it('is told what the service refuses, in its words without the operator’s data', async () => {
    const words =
      'messages.1.role: role `system` is not supported; see https://docs.example/x for org-123abc';
    upstream.next(refusesMessage(400, words));
    const response = await external.create(BODY);
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { message: 'messages.1.role: role `system` is not supported; see […] for […]' } },
    ]);
    expect(upstream.requests).toHaveLength(1);
  });

  it('is sent once more without signatures that do not hold', async () => {
    const signed = { type: 'thinking', thinking: 'Old.', signature: 'cmp1.upstream.tOLD' };
    const turn = { role: 'assistant', content: [signed, { type: 'text', text: 'Hm.' }] };
    const messages = [{ role: 'user', content: 'a' }, turn, { role: 'user', content: 'b' }];
    upstream.next(refusesMessage(400, 'messages.1.content.0: Invalid `signature` in `thinking` block'));
    upstream.always(saysMessage('Sunny.'));
    expect((await native.message({ messages })).content).toMatchObject([{ text: 'Sunny.' }]);
    await native.message({ messages });
    expect(upstream.requests.map(({ text }) => text.includes('"signature":"OLD"'))).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('warms a cache where nothing else is wanted', async () => {
    const empty = messageOf([], {
      stop_reason: 'max_tokens',
      usage: { input_tokens: 4, output_tokens: 0, cache_creation_input_tokens: 9 },
    });
    upstream.next((exchange) => exchange.json(empty));
    const { usage, compose_receipt: receipt } = await native.message({ max_tokens: 0 });
    expect([upstream.requests[0]?.body['max_tokens'], usage, receipt]).toEqual([
      0,
      empty['usage'],
      expect.anything(),
    ]);
  });
});

/** Blocks of unknown types have no deltas. */
function accumulatedOf(frames: ReturnType<typeof parsed>): Message {
  const isUnknown = (data: unknown): boolean =>
    (data as { index?: number }).index === 2 || (data as { index?: number }).index === 1;
  const content = new Map<number, JsonObject>();
  for (const { event, data } of frames) {
    const { index, content_block: block } = data as { index: number; content_block: JsonObject };
    if (event === 'content_block_start' && isUnknown(data)) content.set(index, block);
  }
  const others = frames
    .filter(({ data }) => !isUnknown(data))
    .map(({ event, data }) => {
      const { index, ...rest } = data as { index?: number };
      return { event, data: index === undefined ? rest : { ...rest, index: index === 0 ? 0 : index - 2 } };
    });
  const message = accumulated(others);
  const [first, ...last] = message.content;
  return {
    ...message,
    content: [first, content.get(1), content.get(2), ...last] as unknown as Message['content'],
  };
}
