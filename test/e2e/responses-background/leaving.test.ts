import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BudgetQueue } from '../../../src/payments/budget-queue.js';
import { expectSoundBooks } from '../../support/books.js';
import { chatUsage } from '../../support/chat-wire.js';
import { closing } from '../../support/closing.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { openHolds, receipts } from '../../support/ledger-state.js';
import { ResponsesClient } from '../../support/responses-client.js';
import { completion, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';

/** What a call holds is somewhat more than half of it: its model writes 1,000 tokens of two units each at most. */
const FITS_ONE = 3_900;

const answerDone = completion('Done.', chatUsage(10, 5));
let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({
    file: fileFor(upstream.url),
    environment: { BUDGET_WAIT_MS: '30000' },
  });
});
beforeEach(() => upstream.reset());
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** Resolves when the next call waits for budget. */
function waiting(): Promise<void> {
  const queue = gateway.app.get(BudgetQueue);
  const take = queue.take.bind(queue);
  return new Promise((resolve) => {
    queue.take = (claim) => {
      queue.take = take;
      const pending = take(claim);
      resolve();
      return pending;
    };
  });
}

describe('a client that leaves while its background response waits for budget', () => {
  it.each([false, true])('gets none, and pays for none: stream %s', async (stream) => {
    const { id: keyId, key } = await gateway.createKey({ budget_limit: String(FITS_ONE) });
    const client = new ResponsesClient(gateway.url, key);
    const running = new Promise<Parameters<typeof answerDone>[0]>((resolve) => upstream.next(resolve));
    const foreground = client.created({});
    const exchange = await running;

    const leaving = new AbortController();
    const isWaiting = waiting();
    const closed = closing(gateway);
    const body = { background: true, stream };
    const left = client.create(body, leaving.signal).catch(() => 'left');
    await isWaiting;
    leaving.abort();
    expect(await left).toBe('left');
    await closed;

    await answerDone(exchange);
    expect(await foreground).toMatchObject({ status: 'completed' });
    await until(async () => (await openHolds(gateway.pool)).length === 0);
    expect(await client.created()).toMatchObject({ status: 'completed' });
    expect(upstream.requests).toHaveLength(2);
    expect(await receipts(gateway.pool, keyId)).toHaveLength(2);
    await expectSoundBooks(gateway.pool);
  });
});
