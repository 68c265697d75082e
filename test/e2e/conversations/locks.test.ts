import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../../support/books.js';
import { chatAnswer, chatChunk, sse } from '../../support/chat-wire.js';
import {
  GatewayProcess,
  removeDirectory,
  scratchDirectory,
  testEnvironment,
} from '../../support/gateway-process.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { ConversationStore } from '../../../src/responses/conversations/conversation-store.js';
import { ProcessIdentity } from '../../../src/payments/lease-keeper.js';
import { Payer } from '../../../src/payments/payer.js';
import {
  startScriptedUpstream,
  type Exchange,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { until } from '../../support/until.js';
import { ConversationsClient, said } from './conversations-client.js';

let upstream: ScriptedUpstream;
let database: TestDatabase;
let gateway: TestGateway;
let key: string;
let client: ConversationsClient;
let store: ConversationStore;

beforeEach(async () => {
  upstream = await startScriptedUpstream();
  database = await createTestDatabase();
  gateway = await TestGateway.start({
    file: fileFor(upstream.url),
    database,
    environment: { LEASE_MS: '9000' },
  });
  ({ key } = await gateway.createKey({ budget_limit: '1000000000' }));
  client = new ConversationsClient(gateway.url, key);
  store = gateway.app.get(ConversationStore);
});
afterEach(async () => {
  await gateway.idle();
  await expectSoundBooks(database.pool);
  await gateway.close();
  await database.drop();
  await upstream.close();
});

function lock(id: string, responseId: string, untilHeldMs: number): Promise<string> {
  return store.lock({ id, payer: Payer.ofKey(key), responseId, untilHeldMs });
}

/** Its lease ends with it. */
async function kill(doomed: GatewayProcess): Promise<void> {
  await doomed.kill();
  await database.pool.query('UPDATE gateway_processes SET lease_expires_at = now() WHERE id <> $1', [
    gateway.app.get(ProcessIdentity).id,
  ]);
}

function nextWaits(): Promise<Exchange> {
  return new Promise((resolve) => upstream.next(resolve));
}

describe('the lock of a conversation', () => {
  it('belongs to one at a time, and only to be given back by that one', async () => {
    const id = await client.create();
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, index) => lock(id, `resp_${index}`, 60_000)),
    );
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'locked')).toHaveLength(9);
    const owner = `resp_${outcomes.indexOf('done')}`;
    await store.unlock(id, 'resp_of_somebody_else');
    expect(await lock(id, 'resp_next', 60_000)).toBe('locked');
    await store.unlock(id, owner);
    expect(await lock(id, 'resp_next', 60_000)).toBe('done');
  });

  it('lapses when no hold comes', async () => {
    const id = await client.create();
    expect(await lock(id, 'resp_died', -1)).toBe('done');
    await client.responded(id, 'next');
    expect(await client.texts(id)).toEqual(['next', 'Hello!']);
  });

  it('is as good as the hold, however long the run takes', async () => {
    const id = await client.create();
    const arrived = nextWaits();
    const running = client.responded(id, 'slow');
    const exchange = await arrived;
    await database.pool.query(`UPDATE conversations SET locked_until = now() - interval '1 day'`);
    expect(await lock(id, 'resp_other', 60_000)).toBe('locked');
    exchange.json(chatAnswer({ content: 'done' }));
    await running;
    expect(await lock(id, 'resp_other', 60_000)).toBe('done');
  });

  it.each([true, false])('once lost lets nothing be added any more (store: %p)', async (isStored) => {
    const id = await client.create();
    const arrived = nextWaits();
    const running = client.respond(id, 'slow', { store: isStored });
    const exchange = await arrived;
    const { rows } = await database.pool.query<{ id: string }>('SELECT id FROM holds');
    // As a sweeper does it that takes this process for dead.
    await database.pool.query('SELECT release_holds($1, ARRAY(SELECT key_id FROM holds))', [
      rows.map((hold) => hold.id),
    ]);
    expect((await client.add(id, [said('in between')])).status).toBe(200);
    exchange.json(chatAnswer({ content: 'too late' }));
    await running;
    expect(await client.texts(id)).toEqual(['in between']);
  });

  it('of a process that is killed before its hold has come ends with its lease', async () => {
    const directory = await scratchDirectory();
    const blocking = await database.pool.connect();
    try {
      const environment = testEnvironment(database.url, { LEASE_MS: '9000' });
      const doomed = await GatewayProcess.start({ directory, environment, file: fileFor(upstream.url) });
      const id = await client.create({ items: [said('before')] });
      // What it would read behind its lock.
      await blocking.query('BEGIN; LOCK TABLE response_items IN ACCESS EXCLUSIVE MODE');
      const there = new ConversationsClient(doomed.url, key);
      const broken = there.respond(id, 'lost').catch(() => undefined);
      const locks = `SELECT FROM conversations WHERE id = '${id}' AND locked_by IS NOT NULL`;
      await until(async () => (await database.pool.query(locks)).rowCount === 1);
      await kill(doomed);
      await broken;
      await blocking.query('ROLLBACK');
      await client.responded(id, 'after');
      expect(await client.texts(id)).toEqual(['before', 'after', 'Hello!']);
    } finally {
      blocking.release();
      await GatewayProcess.endAll();
      await removeDirectory(directory);
    }
  });

  it('of a process that is killed ends with its hold', async () => {
    const directory = await scratchDirectory();
    try {
      const doomed = await GatewayProcess.start({
        directory,
        environment: testEnvironment(database.url, { LEASE_MS: '9000' }),
        file: fileFor(upstream.url),
      });
      const id = await client.create({ items: [said('before')] });
      const arrived = new Promise<Exchange>((resolve) => {
        upstream.next(async (exchange) => {
          await exchange.send(sse(chatChunk({ content: 'half' })));
          resolve(exchange);
        });
      });
      const there = new ConversationsClient(doomed.url, key);
      const broken = there
        .respond(id, 'lost', { stream: true })
        .then((answer) => answer.text())
        .catch(() => undefined);
      await arrived;
      expect(await lock(id, 'resp_other', 60_000)).toBe('locked');
      await kill(doomed);
      await broken;
      await client.responded(id, 'after');
      expect(await client.texts(id)).toEqual(['before', 'after', 'Hello!']);
    } finally {
      await GatewayProcess.endAll();
      await removeDirectory(directory);
    }
  });
});
