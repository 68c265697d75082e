import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../support/books.js';
import { chatUsage } from '../support/chat-wire.js';
import { fileFor, TestGateway } from '../support/gateway.js';
import { completion, startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({
    file: fileFor(upstream.url, { provider: { max_connections: 400 } }),
  });
});
afterEach(() => expectSoundBooks(gateway.pool));
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const body = { max_tokens: 100 };

/** What one such call holds, as the ledger sees it. */
async function holdOfOneCall(): Promise<number> {
  const { key } = await gateway.createKey({ budget_limit: '1000000' });
  const response = await gateway.chat(key, body);
  await response.text();
  return Number(response.headers.get('x-compose-key-budget-reserved'));
}

/** The upstream answers nobody until every call is either there or refused. */
async function callTogether(key: string, calls: number): Promise<Response[]> {
  upstream.reset();
  let refused = 0;
  let answer: () => void = () => undefined;
  const everybodyIsIn = new Promise<void>((resolve) => (answer = resolve));
  const check = (): void => {
    if (upstream.requests.length + refused === calls) answer();
  };
  upstream.always(async (exchange) => {
    check();
    await everybodyIsIn;
    await completion('Hi', chatUsage(10, 5))(exchange);
  });
  return Promise.all(
    Array.from({ length: calls }, async () => {
      const response = await gateway.chat(key, body);
      if (response.status !== 200) refused += 1;
      check();
      return response;
    }),
  );
}

describe('a budget', () => {
  it('of one hold runs one of fifty parallel calls and says that the others should wait', async () => {
    const hold = await holdOfOneCall();
    const { id, key } = await gateway.createKey({ budget_limit: String(hold) });
    const responses = await callTogether(key, 50);
    const refusals = responses.filter(({ status }) => status !== 200);
    expect(refusals).toHaveLength(49);
    for (const refusal of refusals) {
      expect(refusal.status).toBe(429);
      expect(refusal.headers.get('retry-after')).toBe('1');
      expect(await refusal.json()).toMatchObject({
        error: { code: 'budget_held', type: 'rate_limit_error' },
      });
    }
    expect(await gateway.keyBudget(id)).toEqual({ spent: 21, held: 0 });
  });

  it('that is spent answers 402 and says what would be needed, on native only', async () => {
    const { key } = await gateway.createKey({ budget_limit: '20' });
    const native = await gateway.chat(key, body);
    expect(native.status).toBe(402);
    const { error } = (await native.json()) as { error: Record<string, unknown> };
    expect(error).toMatchObject({ code: 'insufficient_budget', type: 'payment_error', param: null });
    expect(error.details).toMatchObject({
      required: expect.stringMatching(/^\d+$/) as unknown,
      remaining: '20',
    });
    const external = await gateway.chat(key, body, { path: '/external/v1' });
    expect(external.status).toBe(402);
    expect(Object.keys(((await external.json()) as { error: object }).error).sort()).toEqual([
      'code',
      'message',
      'param',
      'type',
    ]);
  });

  it('of 33 holds runs 33 of 200', async () => {
    const hold = await holdOfOneCall();
    const { key } = await gateway.createKey({ budget_limit: String(hold * 33) });
    const responses = await callTogether(key, 200);
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(33);
    await Promise.all(responses.map((response) => response.text()));
  });

  it('that affords fewer tokens than asked lowers the cap, tells the upstream, and native', async () => {
    upstream.reset();
    const hold = await holdOfOneCall();
    const { key } = await gateway.createKey({ budget_limit: String(hold - 101) });
    const response = await gateway.chat(key, body);
    expect(response.status).toBe(200);
    const { body: sent } = await upstream.arrived(1);
    expect(response.headers.get('x-compose-output-cap')).toBe('50');
    expect(sent.max_completion_tokens).toBe(50);
    await response.text();
  });

  it('is free again at once when the upstream refuses', async () => {
    upstream.reset();
    upstream.next((exchange) => exchange.json({ error: { message: 'secret', param: 'messages' } }, 400));
    const { id, key } = await gateway.createKey({ budget_limit: '100000' });
    const response = await gateway.chat(key, body);
    expect(response.status).toBe(400);
    expect(await gateway.keyBudget(id)).toEqual({ spent: 0, held: 0 });
  });

  it('[charge.overrun] that is overrun by the upstream is used up and not exceeded; the rest is the operator’s', async () => {
    upstream.reset();
    const { id, key } = await gateway.createKey({ budget_limit: '500' });
    upstream.next(completion('Hi', chatUsage(5000, 100)));
    const response = await gateway.chat(key, body);
    const { compose_receipt: receipt } = (await response.json()) as {
      compose_receipt: Record<string, unknown>;
    };
    expect(receipt).toMatchObject({ final_amount_wei: '500', provider_amount_wei: '5200' });
    expect(receipt.line_items).toContainEqual(
      expect.objectContaining({ key: 'overrun', amount_wei: String(500 - 5252) }),
    );
    expect(await gateway.keyBudget(id)).toEqual({ spent: 500, held: 0 });
  });

  it('raised while calls run admits more at once', async () => {
    const hold = await holdOfOneCall();
    const { id, key } = await gateway.createKey({ budget_limit: String(hold) });
    upstream.reset();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    upstream.next(async (exchange) => {
      await held;
      await completion('Hi')(exchange);
    });
    const first = gateway.chat(key, body);
    await upstream.arrived(0);
    expect((await gateway.chat(key, body)).status).toBe(429);
    await fetch(`${gateway.url}/admin/keys/${id}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer test-admin-token-0123456789` },
      body: JSON.stringify({ budget_limit: String(hold * 2) }),
    });
    expect((await gateway.chat(key, body)).status).toBe(200);
    release();
    expect((await first).status).toBe(200);
  });
});
