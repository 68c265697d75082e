import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ADMIN_TOKEN, fileFor, TestGateway, type CreatedKey } from '../support/gateway.js';
import { chatChunk, chatUsage, sse } from '../support/chat-wire.js';
import {
  completion,
  refusal,
  startScriptedUpstream,
  type ScriptedUpstream,
} from '../support/scripted-upstream.js';
import { until } from '../support/until.js';

type Line = Readonly<Record<string, unknown>>;

const log: string[] = [];
let upstream: ScriptedUpstream;
let gateway: TestGateway;
let key: CreatedKey;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url), log });
  key = await gateway.createKey({ account: 'seen' });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(() => {
  log.length = 0;
  upstream.always(completion('Hello there', chatUsage(100, 50)));
});

/** The one line with this message and request id, once it is there. */
async function lineOf(requestId: string, msg = 'request'): Promise<Line> {
  const found = (): Line[] =>
    log
      .map((line) => JSON.parse(line) as Line)
      .filter((line) => line['requestId'] === requestId && line['msg'] === msg);
  await until(() => found().length > 0);
  expect(found()).toHaveLength(1);
  return found()[0] ?? {};
}

const asked = (id: string) => ({ headers: { 'x-request-id': id } });

describe('the line of a paid call', () => {
  it.each([true, false])('says what it was and what it came to (stream: %s)', async (stream) => {
    const id = `done-${stream}`;
    await (await gateway.chat(key.key, { stream }, asked(id))).text();
    expect(await lineOf(id)).toMatchObject({
      method: 'POST',
      path: '/v1/chat/completions',
      status: 200,
      model: 'test-model',
      provider: 'upstream',
      keyId: key.id,
      account: 'seen',
      outcome: 'completed',
      inputTokens: 100,
      outputTokens: 50,
      costAtomic: '202',
      receiptId: expect.stringMatching(/^rct_/) as unknown,
      firstWordMs: expect.any(Number) as unknown,
      durationMs: expect.any(Number) as unknown,
    });
  });

  it('says that a stream broke, although its status was 200', async () => {
    upstream.always(async (exchange) => {
      await exchange.send(sse(chatChunk({ role: 'assistant', content: 'Half' })));
      exchange.breakConnection();
    });
    const answer = await gateway.chat(key.key, { stream: true }, asked('broken'));
    expect(answer.status).toBe(200);
    await answer.text();
    expect(await lineOf('broken')).toMatchObject({
      status: 200,
      outcome: 'failed',
      code: 'upstream_error',
      estimated: true,
      costAtomic: expect.any(String) as unknown,
    });
  });

  it('waits for the money of a client that left', async () => {
    upstream.always(async (exchange) => {
      await exchange.send(sse(chatChunk({ role: 'assistant', content: 'Half' })));
      await exchange.aborted;
    });
    const leaving = new AbortController();
    const answer = await gateway.chat(
      key.key,
      { stream: true },
      { ...asked('left'), signal: leaving.signal },
    );
    await answer.body?.getReader().read();
    leaving.abort();
    expect(await lineOf('left')).toMatchObject({
      status: 'left',
      outcome: 'cancelled',
      costAtomic: expect.any(String) as unknown,
    });
  });

  it('names the code of what was refused, by the books, by the provider and before either', async () => {
    const poor = await gateway.createKey({ budget_limit: '1' });
    await gateway.chat(poor.key, {}, asked('poor'));
    expect(await lineOf('poor')).toMatchObject({
      status: 402,
      outcome: 'refused',
      code: 'insufficient_budget',
      model: 'test-model',
    });
    upstream.always(refusal(400, { param: 'temperature' }));
    await gateway.chat(key.key, { temperature: 1.5 }, asked('bad'));
    const refused = await lineOf('bad');
    expect(refused).toMatchObject({ status: 400, outcome: 'failed', code: 'invalid_value', keyId: key.id });
    expect(refused).not.toHaveProperty('costAtomic');
    await gateway.chat(key.key, { model: 'nobody' }, asked('unknown'));
    expect(await lineOf('unknown')).toMatchObject({ status: 404, code: 'model_not_found' });
    await fetch(`${gateway.url}/v1/models`, { headers: { 'x-request-id': 'keyless' } });
    expect(await lineOf('keyless')).toMatchObject({ status: 401, code: 'missing_api_key' });
  });

  it('is one of its own for a call that no answer waits for', async () => {
    const answer = await fetch(`${gateway.url}/v1/responses`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key.key}`, 'x-request-id': 'later' },
      body: JSON.stringify({ model: 'test-model', input: 'Hi', background: true }),
    });
    expect(answer.status).toBe(200);
    expect(await lineOf('later')).not.toHaveProperty('outcome');
    expect(await lineOf('later', 'call')).toMatchObject({
      outcome: 'completed',
      account: 'seen',
      costAtomic: '202',
    });
  });

  it('is not written for health checks', async () => {
    await fetch(`${gateway.url}/health/live`, { headers: { 'x-request-id': 'alive' } });
    await fetch(`${gateway.url}/v1/models`, { headers: { 'x-request-id': 'after' } });
    await lineOf('after');
    expect(log.join('')).not.toContain('alive');
  });
});

describe('the metrics of calls', () => {
  it('count them by model and provider, with tokens, spend, times and attempts', async () => {
    const isolated = await TestGateway.start({ file: fileFor(upstream.url) });
    const { key: caller } = await isolated.createKey();
    const { key: poor } = await isolated.createKey({ budget_limit: '1' });
    await (await isolated.chat(caller, { stream: true })).text();
    await isolated.chat(poor);
    upstream.always(refusal(400));
    await isolated.chat(caller);
    await isolated.idle();
    const text = await (await fetch(`${isolated.url}/metrics`)).text();
    const labels = 'model="test-model",provider="upstream"';
    for (const line of [
      `slipstream_calls_total{${labels},outcome="completed"} 1`,
      `slipstream_calls_total{${labels},outcome="failed"} 1`,
      'slipstream_call_refusals_total{model="test-model",code="insufficient_budget"} 1',
      `slipstream_tokens_total{${labels},kind="input"} 100`,
      `slipstream_tokens_total{${labels},kind="output"} 50`,
      `slipstream_spend_usd_total{${labels}} 0.000202`,
      `slipstream_call_duration_seconds_count{${labels}} 2`,
      `slipstream_call_first_word_seconds_count{${labels}} 1`,
      'slipstream_upstream_attempts_total{provider="upstream",model="upstream-model",outcome="answered"} 1',
      'slipstream_upstream_attempts_total{provider="upstream",model="upstream-model",outcome="invalid_value"} 1',
    ])
      expect(text).toContain(line);
    await isolated.close();
  });
});

describe('the duration of a stored call', () => {
  it('is no longer than the call was', async () => {
    const startedAt = performance.now();
    await gateway.chat(key.key, { store: true });
    const tookMs = performance.now() - startedAt;
    const listed = await fetch(`${gateway.url}/admin/responses?account=seen&limit=1`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    const { data } = (await listed.json()) as { data: readonly { duration_ms: number }[] };
    expect(data[0]?.duration_ms).toBeGreaterThanOrEqual(0);
    // The clock of the database is that of this machine; each of the two times is rounded.
    expect(data[0]?.duration_ms).toBeLessThanOrEqual(Math.ceil(tookMs) + 2);
  });
});
