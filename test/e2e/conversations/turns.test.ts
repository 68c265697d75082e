import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { expectSoundBooks } from '../../support/books.js';
import { chatAnswer } from '../../support/chat-wire.js';
import { nextStalls } from '../../support/chat-scripts.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { MOST_WAITING } from '../../../src/responses/conversations/conversation-queues.js';
import { Database } from '../../../src/storage/database.js';
import { ConversationStore } from '../../../src/responses/conversations/conversation-store.js';
import { ConversationWait } from '../../../src/responses/conversations/conversation-wait.js';
import { refusalOf } from '../../support/refusal-of.js';
import { completion, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';
import { ConversationsClient, lockedBy, said, told } from './conversations-client.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let replica: TestGateway;
let client: ConversationsClient;
let atReplica: ConversationsClient;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
  replica = await TestGateway.start({ file: fileFor(upstream.url), database: gateway.database });
});
beforeEach(async () => {
  upstream.reset();
  const { key } = await gateway.createKey({ budget_limit: '1000000000' });
  client = new ConversationsClient(gateway.url, key);
  atReplica = new ConversationsClient(replica.url, key);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await gateway.idle();
  await replica.idle();
  await expectSoundBooks(gateway.pool);
});
afterAll(async () => {
  await replica.close();
  await gateway.close();
  await upstream.close();
});

function withWait<Result>(ms: number, work: () => Promise<Result>): Promise<Result> {
  const waits = [gateway, replica].map(({ app }) => app.get(ConversationWait));
  for (const wait of waits) wait.ms = ms;
  return work().finally(() => {
    for (const wait of waits) wait.ms = 30_000;
  });
}

/** Does something to a locked conversation; `waits` resolves when it was refused its turn and waits for the next one. */
function watched<Result>(
  at: TestGateway,
  work: () => Promise<Result>,
): { readonly done: Promise<Result>; readonly waits: Promise<void> } {
  const looks = jest.spyOn(at.app.get(ConversationStore), 'freeAmong');
  const before = looks.mock.calls.length;
  const done = work();
  return { done, waits: until(() => looks.mock.calls.length > before) };
}

async function countHolds(): Promise<number> {
  const { rows } = await gateway.pool.query('SELECT id FROM holds');
  return rows.length;
}

describe('two responses on one conversation', () => {
  it('run one after the other, whichever replica they reach, and the second reads what the first said', async () => {
    const id = await client.create();
    const arrived = nextStalls(upstream);
    const first = client.responded(id, 'one');
    const exchange = await arrived;
    const second = watched(replica, () => atReplica.responded(id, 'two'));
    await second.waits;
    // Nothing is held for it while it waits.
    expect(await countHolds()).toBe(1);
    expect(await lockedBy(gateway.pool, id)).toMatch(/^resp_/);
    exchange.json(chatAnswer({ content: 'first' }));
    await first;
    await second.done;
    expect(told(upstream, 1)).toEqual(['one', 'first', 'two']);
    expect(await client.texts(id)).toEqual(['one', 'first', 'two', 'Hello!']);
  });

  it('never interleave, however many come at once', async () => {
    const id = await client.create();
    let running = 0;
    let most = 0;
    upstream.always(async (exchange) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      const messages = exchange.request.body['messages'] as readonly JsonObject[];
      running -= 1;
      await completion(`re ${messages.at(-1)?.['content'] as string} ${messages.length}`)(exchange);
    });
    const inputs = Array.from({ length: 12 }, (_, index) => `in${index}`);
    await Promise.all(
      inputs.map((input, index) =>
        (index % 2 === 0 ? client : atReplica).responded(id, input, { store: index % 3 !== 0 }),
      ),
    );
    expect(most).toBe(1);
    const texts = await client.texts(id);
    expect(texts).toHaveLength(24);
    const turns = texts.filter((_, index) => index % 2 === 0);
    expect([...turns].sort()).toEqual([...inputs].sort());
    expect(texts.filter((_, index) => index % 2 === 1)).toEqual(
      turns.map((input, turn) => `re ${input} ${turn * 2 + 1}`),
    );
  });

  it('do not wait for those on other conversations', async () => {
    const [one, other] = [await client.create(), await client.create()];
    const arrived = nextStalls(upstream);
    const first = client.responded(one, 'one');
    const exchange = await arrived;
    await client.responded(other, 'two');
    exchange.json(chatAnswer({ content: 'first' }));
    await first;
  });

  it('are told 409 after the wait, and hold nothing', async () => {
    const id = await client.create();
    const arrived = nextStalls(upstream);
    const first = client.responded(id, 'one');
    const exchange = await arrived;
    await withWait(120, async () => {
      const { status, error, headers } = await refusalOf(await atReplica.respond(id, 'two'));
      expect({ status, error }).toMatchObject({
        status: 409,
        error: { code: 'conversation_locked', param: 'conversation', type: 'invalid_request_error' },
      });
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      const writes = [
        () => client.add(id, [said('between')]),
        () => client.removeItem(id, 'msg_any'),
        () => client.erase(id),
      ];
      const answers = await Promise.all(writes.map(async (write) => refusalOf(await write())));
      expect(answers.map(({ error: { code } }) => code)).toEqual([
        'conversation_locked',
        'not_found',
        'conversation_locked',
      ]);
    });
    expect(await countHolds()).toBe(1);
    exchange.json(chatAnswer({ content: 'first' }));
    await first;
    expect(await client.texts(id)).toEqual(['one', 'first']);
    expect(upstream.requests).toHaveLength(1);
  });

  it('let items wait for their turn', async () => {
    const id = await client.create({ items: [{ ...said('old'), id: 'msg_old' }] });
    const arrived = nextStalls(upstream);
    const first = client.responded(id, 'one');
    const exchange = await arrived;
    const added = watched(replica, () => atReplica.add(id, [said('after')]));
    const removed = watched(replica, () => atReplica.removeItem(id, 'msg_old'));
    await added.waits;
    await removed.waits;
    expect(await client.texts(id)).toEqual(['old']);
    exchange.json(chatAnswer({ content: 'first' }));
    await first;
    expect((await added.done).status).toBe(200);
    expect((await removed.done).status).toBe(200);
    expect(await client.texts(id)).toEqual(['one', 'first', 'after']);
  });

  it('let one that is deleted end first', async () => {
    const id = await client.create();
    const arrived = nextStalls(upstream);
    const first = client.responded(id, 'one');
    const exchange = await arrived;
    const erased = watched(replica, () => atReplica.erase(id));
    await erased.waits;
    exchange.json(chatAnswer({ content: 'first' }));
    await first;
    expect((await erased.done).status).toBe(200);
    expect((await client.list(id)).status).toBe(404);
    const { rows } = await gateway.pool.query('SELECT FROM conversation_items WHERE conversation_id = $1', [
      id,
    ]);
    expect(rows).toEqual([]);
  });

  it('wait without statements of their own, and no more of them than a bound', async () => {
    const id = await client.create();
    const arrived = nextStalls(upstream);
    const first = client.responded(id, 'one');
    const exchange = await arrived;
    const query = jest.spyOn(gateway.app.get(Database).pool, 'query');
    const asked = (part: string): number =>
      query.mock.calls.filter((given) => JSON.stringify(given[0]).includes(part)).length;
    const leaving = new AbortController();
    const refusals: Response[] = [];
    const body = { model: 'test-model', input: 'x', conversation: id };
    const waiters = Array.from({ length: MOST_WAITING + 10 }, async () => {
      refusals.push(await client.call('POST', '/responses', body, leaving.signal));
    });
    const all = Promise.allSettled(waiters);
    await until(() => refusals.length === 10);
    for (const refusal of refusals) {
      expect(refusal.status).toBe(409);
      expect(refusal.headers.get('retry-after')).toBe('1');
    }
    const [looks, attempts] = [asked('free_conversations'), asked('SET locked_by = $3')];
    await until(() => asked('free_conversations') >= looks + 4);
    expect(asked('SET locked_by = $3')).toBe(attempts);
    leaving.abort();
    await all;
    exchange.json(chatAnswer({ content: 'first' }));
    await first;
    query.mockRestore();
    await gateway.idle();
    expect(await client.texts(id)).toEqual(['one', 'first']);
  });

  it('do not let one wait whose client has left', async () => {
    const id = await client.create();
    const arrived = nextStalls(upstream);
    const first = client.responded(id, 'one');
    const exchange = await arrived;
    const leave = new AbortController();
    const second = watched(gateway, () => client.respond(id, 'two', {}, leave.signal));
    second.done.catch(() => undefined);
    await second.waits;
    leave.abort();
    await expect(second.done).rejects.toThrow();
    exchange.json(chatAnswer({ content: 'first' }));
    await first;
    await client.responded(id, 'three');
    expect(await client.texts(id)).toEqual(['one', 'first', 'three', 'Hello!']);
    expect(upstream.requests).toHaveLength(2);
  });
});
