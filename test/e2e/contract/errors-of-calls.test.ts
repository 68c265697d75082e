import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Drain } from '../../../src/http/health/drain.js';
import { ConversationWait } from '../../../src/responses/conversations/conversation-wait.js';
import { nextStalls } from '../../support/chat-scripts.js';
import { chatAnswer, chatChunk } from '../../support/chat-wire.js';
import { OpenStream } from '../../support/gateway-client.js';
import { TestGateway } from '../../support/gateway.js';
import { SURFACES } from '../../support/responses-client.js';
import {
  refusal,
  startScriptedUpstream,
  type Handler,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { fileOf, oneJob } from '../charging/askers.js';
import { callingOn, CHAT, expectEnvelope, expectError, type Calling, type ErrorRow } from './error-row.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
const start = (more: object = {}): Promise<TestGateway> =>
  TestGateway.start({
    file: fileWithImpatient(upstream.url),
    environment: { IDEMPOTENCY_WAIT_MS: '0' },
    ...more,
  });

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await start();
});
beforeEach(() => upstream.reset());
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** Beside the usual models one whose provider is given little time. */
function fileWithImpatient(url: string): object {
  const { providers, models } = fileOf(url) as { providers: readonly object[]; models: readonly object[] };
  const targets = [{ provider: 'impatient', model: 'upstream-model' }];
  return {
    providers: [
      ...providers,
      { ...providers[0], id: 'impatient', first_byte_timeout_ms: 500, timeout_ms: 1_000 },
    ],
    models: [...models, { ...models[0], id: 'impatient-model', targets }],
  };
}

/** A chat call whose upstream does this, each time it is tried. */
const answered =
  (handler: Handler, model = 'test-model') =>
  async (calling: Calling): Promise<Response> => {
    upstream.always(handler);
    return (await calling()).client.send('POST', '/chat/completions', { ...CHAT, model });
  };

/** The second of two calls, while the first one waits for its upstream. */
const meanwhile =
  (settings: object, headers: Readonly<Record<string, string>> = {}) =>
  async (calling: Calling): Promise<Response> => {
    const { client } = await calling(settings);
    const arrived = nextStalls(upstream);
    const first = client.send('POST', '/chat/completions', CHAT, headers);
    const exchange = await arrived;
    const second = await client.send('POST', '/chat/completions', CHAT, headers);
    exchange.json(chatAnswer({ content: 'Hello' }));
    await (await first).text();
    return second;
  };

async function onALockedConversation(calling: Calling): Promise<Response> {
  const { client } = await calling();
  const { id: conversation } = await client.json('POST', '/conversations', {});
  const body = { model: 'test-model', input: 'Hi', conversation };
  const wait = gateway.app.get(ConversationWait);
  const arrived = nextStalls(upstream);
  const first = client.send('POST', '/responses', body);
  const exchange = await arrived;
  const usual = wait.ms;
  wait.ms = 50;
  const second = await client.send('POST', '/responses', body).finally(() => (wait.ms = usual));
  exchange.json(chatAnswer({ content: 'Hello' }));
  await (await first).text();
  return second;
}

async function toAVideoThatRunsOn(calling: Calling): Promise<Response> {
  const { client } = await calling();
  let state: Record<string, string> = { status: 'in_progress' };
  upstream.always(oneJob(() => state));
  const body = { model: 'film', prompt: 'A yellow square' };
  const { id } = await client.json('POST', '/videos/generations', body, 202);
  const answer = await client.send('POST', `/videos/${id}/cancel`);
  state = { status: 'failed' };
  await client.text('GET', `/videos/${id}/stream`);
  return answer;
}

async function beyondAVideo(calling: Calling): Promise<Response> {
  const { client } = await calling();
  const body = { model: 'sandbox/video:seconds=0', prompt: 'A yellow square' };
  const { id } = await client.json('POST', '/videos/generations', body, 202);
  await client.text('GET', `/videos/${id}/stream?pollIntervalMs=500`);
  return client.send('GET', `/videos/${id}/content`, undefined, { range: 'bytes=9999999-' });
}

async function whileItEnds(calling: Calling): Promise<Response> {
  const { client } = await calling();
  const drain = gateway.app.get(Drain);
  drain.draining = true;
  return client.send('POST', '/chat/completions', CHAT).finally(() => (drain.draining = false));
}

const ROWS: readonly ErrorRow[] = [
  ['[error.context_length_exceeded]', answered(refusal(400, { code: 'context_length_exceeded' }))],
  ['[error.content_filter]', answered(refusal(400, { code: 'content_filter' }))],
  ['[error.upstream_error]', answered(refusal(500))],
  ['[error.upstream_unavailable]', answered(refusal(503))],
  ['[error.upstream_timeout]', answered(() => undefined, 'impatient-model')],
  ['[error.idempotency_in_flight]', meanwhile({}, { 'idempotency-key': 'once' })],
  ['[error.concurrency_limit_exceeded]', meanwhile({ max_concurrent_requests: 1 })],
  ['[error.budget_held]', meanwhile({ budget_limit: '2000' })],
  ['[error.conversation_locked]', onALockedConversation],
  ['[error.cancel_not_supported]', toAVideoThatRunsOn],
  ['[error.range_not_satisfiable]', beyondAVideo],
  ['[error.service_unavailable]', whileItEnds],
];

describe.each(SURFACES)('on %s', (surface) => {
  it.each(ROWS)('%s', async (cited, provoke) => {
    await expectError(cited, surface, await provoke(callingOn(gateway, surface)));
  });

  it('[error.server_error] ends a stream that the gateway cuts off', async () => {
    const other = await start({ database: gateway.database });
    const { client } = await callingOn(other, surface)();
    const stalled = nextStalls(upstream, chatChunk({ role: 'assistant', content: 'Working' }));
    const stream = new OpenStream(await client.send('POST', '/chat/completions', { ...CHAT, stream: true }));
    await stalled;
    await stream.shows('Working');
    await other.close();
    const frames = await stream.frames();
    const failed = frames.find(({ data }) => typeof data === 'object' && data !== null && 'error' in data);
    expectEnvelope('[error.server_error]', surface, 500, (failed?.data as { error: object }).error);
    expect(frames.at(-1)?.data).toBe('[DONE]');
  });
});
