import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { nextStalls } from '../../support/chat-scripts.js';
import { chatAnswer, chatUsage } from '../../support/chat-wire.js';
import { fileFor, TestGateway, type CreatedKey } from '../../support/gateway.js';
import {
  refusal,
  startScriptedUpstream,
  type Handler,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';
import { complete } from './askers.js';
import { expectBill, newPayer, shownReceipts, tokenBill } from './bills.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let payer: CreatedKey;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url, { provider: { max_connections: 1 } }) });
});
beforeEach(async () => {
  upstream.reset();
  payer = await newPayer(gateway);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

function compact({ key }: CreatedKey, signal?: AbortSignal): Promise<Response> {
  return fetch(`${gateway.url}/v1/responses/compact`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'test-model', input: 'Remember this' }),
    ...(signal && { signal }),
  });
}

/** A call whose client leaves when `signal` says so. */
const leavable = (signal: AbortSignal): Promise<unknown> => compact(payer, signal).catch(() => 'left');

describe('a compaction is charged as any other call', () => {
  it('completed: measured usage', async () => {
    upstream.next(complete);
    const answer = await compact(payer);
    expect(answer.status).toBe(200);
    const { compose_receipt } = (await answer.json()) as { compose_receipt: JsonObject };
    await expectBill(gateway, payer, tokenBill(100, 50, false), compose_receipt);
  });

  it('left after sending, nothing received yet: the input alone, estimated', async () => {
    const stalled = nextStalls(upstream);
    const leaving = new AbortController();
    const left = leavable(leaving.signal);
    const exchange = await stalled;
    leaving.abort();
    expect(await left).toBe('left');
    await exchange.aborted;
    await gateway.idle();
    const [receipt] = await shownReceipts(gateway, payer);
    const lines = receipt?.['line_items'] as readonly { key: string; quantity: number }[];
    expect(lines.map(({ key }) => key)).toEqual(['input_tokens']);
    await expectBill(gateway, payer, tokenBill(lines[0]!.quantity, 0, true), receipt);
  });

  it('left before anything was sent upstream: nothing', async () => {
    const other = await newPayer(gateway);
    const stalled = nextStalls(upstream);
    const first = compact(other);
    const exchange = await stalled;
    const leaving = new AbortController();
    const left = leavable(leaving.signal);
    await until(async () => (await gateway.keyBudget(payer.id)).held > 0);
    leaving.abort();
    expect(await left).toBe('left');
    await until(async () => (await gateway.keyBudget(payer.id)).held === 0);
    complete(exchange);
    expect((await first).status).toBe(200);
    await gateway.idle();
    expect(upstream.requests).toHaveLength(1);
    await expectBill(gateway, payer, 'nothing');
  });

  it.each<readonly [string, Handler, number]>([
    ['its upstream fails', refusal(500), 502],
    ['its upstream refuses it', refusal(400), 400],
    [
      'its upstream breaks off',
      async (exchange) => {
        exchange.head(200, { 'content-type': 'application/json' });
        await exchange.send('{"choices":[{"message":{"content":"A summ');
        exchange.breakConnection();
      },
      502,
    ],
    [
      'there is no summary in the answer',
      (exchange) => exchange.json(chatAnswer({ content: ' ' }, 'stop', { usage: chatUsage(100, 50) })),
      502,
    ],
  ])('answered with an error because %s: nothing', async (_, handler, status) => {
    upstream.always(handler);
    const answer = await compact(payer);
    expect(answer.status).toBe(status);
    expect(answer.headers.has('x-compose-receipt')).toBe(false);
    await expectBill(gateway, payer, 'nothing');
  });
});
