import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../support/books.js';
import { ADMIN_TOKEN, type CreatedKey, TestGateway } from '../support/gateway.js';

type Row = Readonly<Record<string, unknown>>;

const MAIN = { 'x-claude-code-session-id': 'session-1' };
const SUBAGENT = { ...MAIN, 'x-claude-code-agent-id': 'agent-1' };
const NESTED = { ...MAIN, 'x-claude-code-agent-id': 'agent-2', 'x-claude-code-parent-agent-id': 'agent-1' };
const MESSAGE = { max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] };

let gateway: TestGateway;
let ada: CreatedKey;

beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(async () => {
  await expectSoundBooks(gateway.pool);
  await gateway.close();
});

async function call(path: string, body: object, headers: Record<string, string>): Promise<void> {
  const answer = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${ada.key}`, ...headers },
    body: JSON.stringify({ model: 'sandbox/assistant', ...body }),
  });
  expect({ path, status: answer.status, text: await answer.text() }).toMatchObject({ status: 200 });
}

async function list(path: string): Promise<readonly Row[]> {
  const answer = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
  const { data } = (await answer.json()) as { data: readonly Row[] };
  return data;
}

/** Of the key, the latest first, by what their clients called themselves. */
async function named(): Promise<readonly unknown[]> {
  await gateway.idle();
  return (await list(`/admin/receipts?key=${ada.id}`)).map((row) => [
    row['session_id'],
    row['agent_id'],
    row['parent_agent_id'],
  ]);
}

describe.each([
  ['/v1/messages', MESSAGE],
  ['/external/v1/messages', { ...MESSAGE, stream: true }],
  ['/v1/chat/completions', { messages: MESSAGE.messages }],
  ['/external/v1/responses', { input: 'Hi', stream: true }],
  ['/v1/embeddings', { input: 'Hi', model: 'sandbox/embedding' }],
])('a call of %s', (path, body) => {
  it('has the session and the agent of its client with its charge', async () => {
    ada = await gateway.createKey({ account: randomUUID() });
    await call(path, body, {});
    expect(await named()).toEqual([[null, null, null]]);
    ada = await gateway.createKey({ account: randomUUID() });
    await call(path, body, NESTED);
    expect(await named()).toEqual([['session-1', 'agent-2', 'agent-1']]);
  });
});

it('calls that are charged together have each their own', async () => {
  ada = await gateway.createKey({ account: randomUUID() });
  const sessions = Array.from({ length: 40 }, (_, index) => (index % 4 === 0 ? null : `session-${index}`));
  await Promise.all(
    sessions.map((session, index) =>
      call('/v1/messages', MESSAGE, {
        ...(session !== null && { session_id: session }),
        ...(index % 2 === 0 && { 'idempotency-key': randomUUID() }),
      }),
    ),
  );
  await gateway.idle();
  const { rows } = await gateway.pool.query<{ session_id: string | null }>(
    'SELECT session_id FROM receipts WHERE key_id = $1',
    [ada.id],
  );
  expect(rows.map(({ session_id: id }) => id).sort()).toEqual([...sessions].sort());
});

it('a call that goes on in the background keeps them', async () => {
  ada = await gateway.createKey({ account: randomUUID() });
  await call('/v1/responses', { input: 'Hi', background: true }, SUBAGENT);
  expect(await named()).toEqual([['session-1', 'agent-1', null]]);
});

it('a call whose client names them badly is made, without them', async () => {
  ada = await gateway.createKey({ account: randomUUID() });
  await call('/v1/messages', MESSAGE, { 'x-claude-code-session-id': 'a b', session_id: 'x'.repeat(129) });
  expect(await named()).toEqual([[null, null, null]]);
});

describe('an operator', () => {
  const id = randomUUID();

  beforeAll(async () => {
    ada = await gateway.createKey({ account: 'agents' });
    for (const headers of [MAIN, SUBAGENT, NESTED])
      await call('/v1/messages', MESSAGE, { ...headers, 'x-claude-code-session-id': id });
    await call('/v1/messages', MESSAGE, {});
    await gateway.idle();
  });

  it('sees the charges of a session, and of one agent in it', async () => {
    expect(await list(`/admin/receipts?session=${id}`)).toHaveLength(3);
    expect(await list(`/admin/receipts?session=${id}&agent=agent-2`)).toMatchObject([
      { session_id: id, agent_id: 'agent-2', parent_agent_id: 'agent-1' },
    ]);
    expect(await list('/admin/receipts?session=nobody')).toEqual([]);
  });

  it('sees what a session used', async () => {
    expect(await list(`/admin/usage?session=${id}`)).toMatchObject([{ key_id: ada.id, calls: 3 }]);
    expect(await list(`/admin/usage?session=${id}&agent=agent-1`)).toMatchObject([{ calls: 1 }]);
    const { rows } = await gateway.pool.query(
      'SELECT account, key_id, calls::int, subagents::int FROM admin.sessions WHERE session_id = $1',
      [id],
    );
    expect(rows).toEqual([{ account: 'agents', key_id: ada.id, calls: 3, subagents: 2 }]);
  });

  it.each(['receipts?session=a%20b', 'usage?agent=%00', 'responses?session=a'])(
    'is refused %s',
    async (path) => {
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
      expect((await fetch(`${gateway.url}/admin/${path}`, { headers })).status).toBe(400);
    },
  );
});
