import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../../support/books.js';
import { nextStalls } from '../../support/chat-scripts.js';
import { chatChunk } from '../../support/chat-wire.js';
import { fileFor, TestGateway, type CreatedKey } from '../../support/gateway.js';
import { receipts } from '../../support/ledger-state.js';
import { refusalOf } from '../../support/refusal-of.js';
import {
  checkedFrames,
  idIn,
  ResponsesClient,
  SURFACES,
  textOf,
  type ResponseBody,
} from '../../support/responses-client.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { framesOf, type Frame } from '../../support/sse-frames.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { until } from '../../support/until.js';

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
afterEach(() => expectSoundBooks(database.pool));
afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.close()));
  await database.drop();
  await upstream.close();
});

const FRAMES = ['The', ' quick', ' brown'].map((content) => chatChunk({ content }));
const CHARGE = 1 + 3 * 2 + 1;

async function framesIn(answer: Response): Promise<readonly Frame[]> {
  return framesOf(await answer.text());
}

describe.each(SURFACES)('cancelling a running response on %s', (surface) => {
  describe.each([
    ['the process that runs it', 0],
    ['another replica', 1],
  ] as const)('through %s', (_, other) => {
    const client = (replica: 0 | 1): ResponsesClient =>
      new ResponsesClient(replicas[replica].url, created.key, surface);

    it('stops the upstream, ends the stream and keeps what had been said', async () => {
      const stalled = nextStalls(upstream, ...FRAMES);
      const stream = await client(0).open();
      const exchange = await stalled;
      await stream.shows('brown');
      const askedMs = performance.now();
      const answer = await client(other).cancel(idIn(stream));
      // Promised within a second, where a machine is not busy.
      expect((await exchange.aborted) - askedMs).toBeLessThan(30_000);
      expect(answer.status).toBe(200);
      const cancelled = (await answer.json()) as ResponseBody;
      expect(cancelled).toMatchObject({ status: 'cancelled', output: [{ status: 'incomplete' }] });
      expect(textOf(cancelled)).toBe('The quick brown');
      const { events, response, compose } = checkedFrames(await stream.frames());
      expect(events.at(-1)?.type).toBe('response.incomplete');
      expect(response).toEqual(cancelled);
      expect(await client(other).found(cancelled.id)).toEqual(cancelled);
      expect(compose.map(({ event }) => event)).toEqual(surface === '/v1' ? ['compose.receipt'] : []);
      expect(await receipts(database.pool, created.id)).toEqual([{ finalAmount: CHARGE, estimated: true }]);
      const again = await client(other).cancel(cancelled.id);
      expect({ status: again.status, body: await again.json() }).toEqual({ status: 200, body: cancelled });
    });

    it('before it has said anything ends it empty', async () => {
      const stalled = nextStalls(upstream);
      const answer = client(0).create({ stream: true });
      const exchange = await stalled;
      const { rows } = await database.pool.query<{ id: string }>(
        'SELECT id FROM responses WHERE finished_at IS NULL',
      );
      const cancelled = await client(other).cancel(rows[0]!.id);
      await exchange.aborted;
      expect(await cancelled.json()).toMatchObject({ status: 'cancelled', output: [] });
      const { response } = checkedFrames(await framesIn(await answer));
      expect(response).toEqual(await client(0).found(rows[0]!.id));
    });

    it('answers a client that waits for the whole with what it has become', async () => {
      const stalled = nextStalls(upstream);
      const answer = client(0).create();
      const exchange = await stalled;
      const { rows } = await database.pool.query<{ id: string }>(
        'SELECT id FROM responses WHERE finished_at IS NULL',
      );
      expect((await client(other).cancel(rows[0]!.id)).status).toBe(200);
      await exchange.aborted;
      const whole = await answer;
      expect(whole.status).toBe(200);
      expect(await whole.json()).toEqual(await client(0).found(rows[0]!.id));
    });

    it('by deleting it erases it once it has ended; the ledger stays', async () => {
      const stalled = nextStalls(upstream, ...FRAMES);
      const stream = await client(0).open({ input: 'erasedmark' });
      const exchange = await stalled;
      await stream.shows('brown');
      const id = idIn(stream);
      const answer = await client(other).erase(id);
      expect(await answer.json()).toEqual({ id, object: 'response', deleted: true });
      await exchange.aborted;
      expect(checkedFrames(await stream.frames()).response.status).toBe('cancelled');
      expect((await client(0).find(id)).status).toBe(404);
      const { rows } = await database.pool.query(
        `SELECT FROM response_items WHERE response_id = $1 OR item::text LIKE '%erasedmark%'`,
        [id],
      );
      expect(rows).toEqual([]);
      expect(await receipts(database.pool, created.id)).toHaveLength(1);
    });
  });

  it('is refused for one that has ended', async () => {
    const client = new ResponsesClient(replicas[0].url, created.key, surface);
    const response = await client.created();
    const { status, error } = await refusalOf(await client.cancel(response.id));
    expect({ status, message: error.message, type: error.type }).toEqual({
      status: 400,
      message: 'Cannot cancel a synchronous response.',
      type: 'invalid_request_error',
    });
    expect(await client.found(response.id)).toEqual(response);
  });

  it('many times at once ends it once', async () => {
    const stalled = nextStalls(upstream, ...FRAMES);
    const client = new ResponsesClient(replicas[0].url, created.key, surface);
    const stream = await client.open();
    await stalled;
    await stream.shows('brown');
    const id = idIn(stream);
    const clients = replicas.map(({ url }) => new ResponsesClient(url, created.key, surface));
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => clients[index % 2]!.cancel(id)),
    );
    const bodies = await Promise.all(answers.map((answer) => answer.json()));
    expect(bodies).toEqual(bodies.map(() => bodies[0]));
    expect(checkedFrames(await stream.frames()).response).toEqual(bodies[0]);
    await until(() => replicas[0].runningCalls === 0);
    expect(await receipts(database.pool, created.id)).toHaveLength(1);
  });
});
