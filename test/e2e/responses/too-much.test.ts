import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestGateway } from '../../support/gateway.js';
import { countItems, countStored } from '../../support/content-by-hand.js';
import { insertChain } from '../../support/stored-responses.js';
import { ConversationsClient, type ItemList } from '../conversations/conversations-client.js';

const MEBIBYTE = 1024 * 1024;
/** A table keeps it compressed: only who reads it finds out how long it is. */
const LONG_ITEM = `json_build_object('type', 'message', 'id', 'msg_' || n, 'role', 'user', 'status', 'completed',
  'content', json_build_array(json_build_object('type', 'input_text', 'text', repeat('long ', $2))))`;

let gateway: TestGateway;
let client: ConversationsClient;

beforeAll(async () => {
  gateway = await TestGateway.start();
  const { key } = await gateway.createKey();
  client = new ConversationsClient(gateway.url, key);
});
afterAll(() => gateway.close());

/** A conversation of long items, as many calls could have made it. */
async function longConversation(items: number, mebibytes: number): Promise<string> {
  const id = await client.create();
  await gateway.pool.query(
    `INSERT INTO conversation_items (conversation_id, position, account_id, item_id, item)
     SELECT $1, n, 'acme', 'msg_' || n, ${LONG_ITEM} FROM generate_series(1, $3::int) AS n`,
    [id, (mebibytes * MEBIBYTE) / 5, items],
  );
  await countItems(gateway.pool, id);
  return id;
}

async function page(path: string): Promise<ItemList> {
  const answer = await client.call('GET', path);
  expect(answer.status).toBe(200);
  return (await answer.json()) as ItemList;
}

describe('more than fits into memory', () => {
  const body = { model: 'sandbox/assistant', input: 'Hi' };
  const refused = (param: string): object => ({
    error: { type: 'invalid_request_error', code: 'context_length_exceeded', param },
  });

  it('is not read as the context of a response', async () => {
    const conversation = await longConversation(7, 10);
    for (const path of ['/responses', '/responses/input_tokens']) {
      const answer = await client.call('POST', path, { ...body, conversation });
      expect([answer.status, await answer.json()]).toMatchObject([400, refused('conversation')]);
    }
    const input = Array.from({ length: 7 }, (_, index) => ({
      type: 'item_reference',
      id: `msg_${index + 1}`,
    }));
    const answer = await client.call('POST', '/responses', { ...body, input });
    expect([answer.status, await answer.json()]).toMatchObject([400, refused('input')]);
    expect((await client.add(conversation, input)).status).toBe(400);
    // It gave its turn back.
    expect((await client.erase(conversation)).status).toBe(200);
  });

  it('is not read as many short items, nor taken as such', async () => {
    const conversation = await client.create();
    await gateway.pool.query(
      `INSERT INTO conversation_items (conversation_id, position, account_id, item_id, item)
       SELECT $1, n, 'acme', 'msg_short_' || n, '{"type":"message","role":"user","content":[]}'
       FROM generate_series(0, 50000) AS n`,
      [conversation],
    );
    await countItems(gateway.pool, conversation);
    const read = await client.call('POST', '/responses/input_tokens', { ...body, conversation });
    expect([read.status, await read.json()]).toMatchObject([400, refused('conversation')]);
    const items = Array.from({ length: 10_001 }, () => ({ role: 'user', content: '' }));
    for (const [path, wrong] of [
      ['/responses', { input: items }],
      ['/chat/completions', { messages: items }],
    ] as const) {
      const taken = await client.call('POST', path, { ...body, ...wrong });
      const [param] = Object.keys(wrong);
      expect([taken.status, await taken.json()]).toMatchObject([
        400,
        { error: { code: 'invalid_value', param } },
      ]);
    }
  });

  it('is not read as a chain either', async () => {
    const last = await insertChain(gateway.pool, { account: 'acme', turns: 7 });
    await gateway.pool.query(
      `UPDATE response_items SET item = (SELECT ${LONG_ITEM} FROM (SELECT 1 AS n) AS one)
       WHERE response_id LIKE $1 AND direction = 0`,
      ['resp_chain%', 2 * MEBIBYTE],
    );
    await countStored(gateway.pool);
    const answer = await client.call('POST', '/responses', { ...body, previous_response_id: last });
    expect([answer.status, await answer.json()]).toMatchObject([400, refused('previous_response_id')]);
  });

  it('is listed in pages that end early', async () => {
    const conversation = await longConversation(5, 10);
    const path = `/conversations/${conversation}/items?order=asc`;
    const first = await page(path);
    expect(first).toMatchObject({ first_id: 'msg_1', last_id: 'msg_2', has_more: true });
    const second = await page(`${path}&after=msg_2`);
    expect(second).toMatchObject({ first_id: 'msg_3', last_id: 'msg_4', has_more: true });
    expect(await page(`${path}&after=msg_4`)).toMatchObject({ data: [{ id: 'msg_5' }], has_more: false });
    expect(await page(`${path}&limit=1`)).toMatchObject({ data: [{ id: 'msg_1' }], has_more: true });
  });

  it('is listed in such pages as chat completions too', async () => {
    for (let count = 0; count < 3; count += 1) {
      const messages = [{ role: 'user', content: 'long '.repeat((10 * MEBIBYTE) / 5) }];
      const answer = await client.call('POST', '/chat/completions', { ...body, store: true, messages });
      expect(answer.status).toBe(200);
    }
    const first = await page('/chat/completions');
    expect([first.data.length, first.has_more]).toEqual([2, true]);
    const second = await page(`/chat/completions?after=${first.last_id ?? ''}`);
    expect([second.data.length, second.has_more]).toEqual([1, false]);
  });
});
