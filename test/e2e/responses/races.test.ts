import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../../support/books.js';
import { nextStalls } from '../../support/chat-scripts.js';
import { chatChunk, chatUsage, sse, usageChunk } from '../../support/chat-wire.js';
import { fileFor, TestGateway, type CreatedKey } from '../../support/gateway.js';
import { openHolds, receipts } from '../../support/ledger-state.js';
import { checkedFrames, idIn, ResponsesClient, type ResponseBody } from '../../support/responses-client.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

const ROUNDS = Array.from({ length: 12 }, (_, round) => round);
const REST = sse(
  chatChunk({ content: ' upon' }),
  chatChunk({}, 'stop'),
  usageChunk(chatUsage(10, 5)),
  '[DONE]',
);

let upstream: ScriptedUpstream;
let database: TestDatabase;
let replicas: readonly [TestGateway, TestGateway];
let created: CreatedKey;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  database = await createTestDatabase();
  const file = fileFor(upstream.url);
  replicas = [await TestGateway.start({ database, file }), await TestGateway.start({ database, file })];
});
beforeEach(async () => {
  upstream.reset();
  created = await replicas[0].createKey({ budget_limit: '1000000' });
});
afterEach(async () => {
  await replicas[0].idle();
  expect(await openHolds(database.pool)).toEqual([]);
  expect(await receipts(database.pool, created.id)).toHaveLength(ROUNDS.length);
  await expectSoundBooks(database.pool);
});
afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.close()));
  await database.drop();
  await upstream.close();
});

interface Running {
  readonly id: string;
  /** The upstream says the rest. */
  readonly finish: () => void;
  readonly leave: () => void;
  /** The Response that the stream ended with. */
  readonly ended: () => Promise<ResponseBody>;
}

const clientOf = (replica: number): ResponsesClient =>
  new ResponsesClient(replicas[replica % 2]!.url, created.key);

async function started(): Promise<Running> {
  const stalled = nextStalls(upstream, chatChunk({ role: 'assistant', content: 'Once' }));
  const leaving = new AbortController();
  const stream = await clientOf(0).open({}, leaving.signal);
  const exchange = await stalled;
  await stream.shows('Once');
  return {
    id: idIn(stream),
    finish: () => exchange.end(REST),
    leave: () => leaving.abort(),
    ended: async () => checkedFrames(await stream.frames()).response,
  };
}

/** Gives the other side a head start that differs from round to round. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('a run that ends while', () => {
  it('it is cancelled has one end, which everybody sees', async () => {
    for (const round of ROUNDS) {
      const { id, finish, ended } = await started();
      const cancelling = clientOf(round).cancel(id);
      await turns(round * 3);
      finish();
      const [answer, shown] = [await cancelling, await ended()];
      expect(await clientOf(0).found(id)).toEqual(shown);
      expect(await clientOf(1).found(id)).toEqual(shown);
      expect(answer.status).toBe(shown.status === 'completed' ? await statusOfLate(answer) : 200);
      if (shown.status !== 'completed') expect(await answer.json()).toEqual(shown);
      expect(['completed', 'cancelled']).toContain(shown.status);
    }
  });

  it('it is deleted is gone, with all it said', async () => {
    for (const round of ROUNDS) {
      const { id, finish, ended } = await started();
      const deleting = clientOf(round).erase(id);
      await turns(round * 3);
      finish();
      expect((await deleting).status).toBe(200);
      expect(['completed', 'cancelled']).toContain((await ended()).status);
      expect((await clientOf(1).find(id)).status).toBe(404);
      const { rows } = await database.pool.query(
        `SELECT item FROM response_items WHERE response_id = $1
         UNION ALL SELECT envelope FROM responses WHERE id = $1 AND envelope IS NOT NULL`,
        [id],
      );
      expect(rows).toEqual([]);
    }
  });

  it('its client leaves and somebody cancels it has one end', async () => {
    for (const round of ROUNDS) {
      const { id, finish, leave, ended } = await started();
      const cancelling = clientOf(round).cancel(id);
      await turns(round);
      leave();
      await turns(round);
      finish();
      expect([200, 400]).toContain((await cancelling).status);
      await ended().catch(() => undefined);
      await replicas[0].idle();
      const stored = await clientOf(0).found(id);
      expect(['completed', 'cancelled']).toContain(stored.status);
      expect(await clientOf(1).found(id)).toEqual(stored);
    }
  });
});

/** A cancel that found the run ended is refused; one that came before is answered with the end that it found. */
async function statusOfLate(answer: Response): Promise<number> {
  const { status } = answer;
  if (status === 400) return 400;
  expect(((await answer.clone().json()) as ResponseBody).status).toBe('completed');
  return 200;
}
