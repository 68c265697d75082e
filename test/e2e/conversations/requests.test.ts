import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/base/json.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { refusalOf } from '../../support/refusal-of.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import {
  bodyOf,
  ConversationsClient,
  said,
  textOf,
  type ConversationBody,
  type ItemList,
} from './conversations-client.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let client: ConversationsClient;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
  const { key } = await gateway.createKey({ budget_limit: '1000000000' });
  client = new ConversationsClient(gateway.url, key);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const texts = (count: number): readonly JsonObject[] =>
  Array.from({ length: count }, (_, index) => said(`text ${index}`));

describe('a request about a conversation', () => {
  const MISTAKES: readonly (readonly [string, unknown, number, string | null])[] = [
    [
      'metadata of 17 pairs',
      { metadata: Object.fromEntries(texts(17).map((_, i) => [`k${i}`, 'v'])) },
      400,
      'metadata',
    ],
    ['a long metadata key', { metadata: { ['k'.repeat(65)]: 'v' } }, 400, 'metadata'],
    ['a long metadata value', { metadata: { k: 'v'.repeat(513) } }, 400, 'metadata.k'],
    ['metadata that is no text', { metadata: { k: 1 } }, 400, 'metadata.k'],
    ['metadata that is no object', { metadata: 'k' }, 400, 'metadata'],
    ['21 items', { items: texts(21) }, 400, 'items'],
    ['items that are no list', { items: 'text' }, 400, 'items'],
    ['an item that is no object', { items: ['x'] }, 400, 'items[0]'],
    ['a message without content', { items: [{ type: 'message', role: 'user' }] }, 400, 'items[0].content'],
    ['a reference to nothing', { items: [{ type: 'item_reference', id: 'msg_nothing' }] }, 400, 'items'],
    [
      'one id twice',
      {
        items: [
          { ...said('x'), id: 'msg_x' },
          { ...said('y'), id: 'msg_x' },
        ],
      },
      400,
      'items',
    ],
    ['a body that is no object', [], 400, null],
    ['a body that is no JSON', '{', 400, null],
  ];

  it.each(MISTAKES)('is refused when it creates with %s', async (_, body, status, param) => {
    const answer = await client.call('POST', '/conversations', body);
    expect(await refusalOf(answer)).toMatchObject({ status, error: { param } });
  });

  it('is refused when it adds too much, nothing, or what is there', async () => {
    const id = await client.create({ items: [{ ...said('x'), id: 'msg_there' }] });
    for (const items of [texts(21), undefined, null, 'x', [{ ...said('y'), id: 'msg_there' }]])
      expect(await refusalOf(await client.add(id, items))).toMatchObject({
        status: 400,
        error: { param: 'items' },
      });
    expect(await client.texts(id)).toEqual(['x']);
    expect((await client.add(id, texts(20))).status).toBe(200);
  });

  it('is refused when it changes without metadata', async () => {
    const id = await client.create();
    expect(await refusalOf(await client.call('POST', `/conversations/${id}`, {}))).toMatchObject({
      status: 400,
      error: { code: 'missing_required_parameter', param: 'metadata' },
    });
  });

  it.each(['limit=0', 'limit=101', 'limit=x', 'order=up'])(
    'is refused when it lists with %s',
    async (query) => {
      const id = await client.create();
      const [param] = query.split('=');
      expect(await refusalOf(await client.list(id, `?${query}`))).toMatchObject({
        status: 400,
        error: { param },
      });
    },
  );

  it('ignores fields that it does not know, and takes null for absent', async () => {
    const id = await client.create({ metadata: null, items: null, shape: 'round' });
    expect(await bodyOf<ConversationBody>(await client.find(id))).toMatchObject({ metadata: {} });
    const answer = await client.call('GET', `/conversations/${id}/items?include[]=a&include[]=b`);
    expect(await bodyOf<ItemList>(answer)).toEqual({
      object: 'list',
      data: [],
      first_id: null,
      last_id: null,
      has_more: false,
    });
  });

  it('needs a key that lives', async () => {
    const nobody = new ConversationsClient(gateway.url, 'compose-nobodynobodynobody');
    for (const answer of [
      nobody.call('POST', '/conversations', '{'),
      nobody.find('conv_x'),
      nobody.respond('conv_x', 'Hi'),
    ])
      expect(await refusalOf(await answer)).toMatchObject({
        status: 401,
        error: { code: 'invalid_api_key' },
      });
  });
});

describe('what belongs to another account, was deleted or never was', () => {
  const ways = (who: ConversationsClient, id: string): readonly (() => Promise<Response>)[] => [
    () => who.find(id),
    () => who.call('POST', `/conversations/${id}`, { metadata: {} }),
    () => who.list(id),
    () => who.add(id, [said('x')]),
    () => who.item(id, 'msg_mine'),
    () => who.removeItem(id, 'msg_mine'),
    () => who.erase(id),
  ];

  async function answersOf(who: ConversationsClient, id: string): Promise<readonly unknown[]> {
    const answers = await Promise.all(ways(who, id).map(async (way) => refusalOf(await way())));
    return answers.map(({ status, error }) => ({ status, code: error.code, message: error.message }));
  }

  it('is 404 in the same words, and stays as it was', async () => {
    const { key } = await gateway.createKey({ account: 'other', budget_limit: '1000000' });
    const stranger = new ConversationsClient(gateway.url, key);
    const mine = await client.create({ items: [{ ...said('mine'), id: 'msg_mine' }] });
    const gone = await client.create({ items: [{ ...said('gone'), id: 'msg_gone' }] });
    await client.erase(gone);
    const never = 'conv_00000000000000000000000000000000';
    for (const [who, id] of [
      [stranger, mine],
      [client, gone],
      [client, never],
      [client, 'conv_%00'],
      [client, '%ED%95%9C'],
    ] as const) {
      const name = decodeURIComponent(id);
      const message = `Conversation with id '${name}' not found.`;
      const expected = { status: 404, code: 'conversation_not_found', message };
      expect(await answersOf(who, id)).toEqual(ways(who, id).map(() => expected));
      expect(await refusalOf(await who.respond(name, 'Hi'))).toMatchObject({
        status: 404,
        error: { code: 'conversation_not_found', param: 'conversation', message },
      });
    }
    const reference = [{ type: 'item_reference', id: 'msg_mine' }];
    const theirs = await stranger.create();
    expect((await refusalOf(await stranger.add(theirs, reference))).status).toBe(400);
    expect((await refusalOf(await stranger.respond(theirs, reference))).status).toBe(400);
    const forgotten = [{ type: 'item_reference', id: 'msg_gone' }];
    expect((await refusalOf(await client.respond(mine, forgotten))).status).toBe(400);
    expect(await client.texts(mine)).toEqual(['mine']);
    expect(upstream.requests).toHaveLength(0);
  });

  it('is not found as an item of another conversation either', async () => {
    const one = await client.create({ items: [{ ...said('x'), id: 'msg_of_one' }] });
    const two = await client.create();
    for (const answer of [client.item(two, 'msg_of_one'), client.removeItem(two, 'msg_of_one')])
      expect(await refusalOf(await answer)).toMatchObject({ status: 404, error: { code: 'not_found' } });
    expect((await client.item(one, 'msg_of_one')).status).toBe(200);
  });

  it('is everything of one account for its other keys', async () => {
    const id = await client.create({ items: [said('ours')] });
    const { key } = await gateway.createKey({ budget_limit: '1000000' });
    const colleague = new ConversationsClient(gateway.url, key, '/v1');
    expect(await colleague.texts(id)).toEqual(['ours']);
    await colleague.responded(id, 'and theirs');
    expect(await client.texts(id)).toEqual(['ours', 'and theirs', 'Hello!']);
    expect((await colleague.erase(id)).status).toBe(200);
  });
});

describe('the items of a conversation', () => {
  it('come in pages, from either end, whatever their number and the size of a page', async () => {
    const id = await client.create();
    const all: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const added = texts(9).map((item, index) => ({ ...item, content: `${round}.${index}` }));
      await client.add(id, added);
      all.push(...added.map(({ content }) => content));
    }
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom('asc', 'desc'),
        async (limit, order) => {
          const seen: string[] = [];
          let after = '';
          for (;;) {
            const page = await client.page(id, `?limit=${limit}&order=${order}${after}`);
            seen.push(...page.data.map(textOf));
            expect(page.first_id).toBe(page.data[0]?.['id']);
            expect(page.last_id).toBe(page.data.at(-1)?.['id']);
            if (!page.has_more) break;
            expect(page.data).toHaveLength(limit);
            after = `&after=${page.last_id ?? ''}`;
          }
          expect(seen).toEqual(order === 'asc' ? all : [...all].reverse());
        },
      ),
      { numRuns: 20 },
    );
    const page = await client.page(id);
    expect(page.data.map(textOf)).toEqual([...all].reverse().slice(0, 20));
    expect(page.has_more).toBe(true);
  });

  it('are kept to the letter, with NUL and halves of surrogate pairs', async () => {
    const odd = 'a\u0000b\ud800c\udc00 \u{1f375}';
    const id = await client.create({ metadata: { [odd]: odd }, items: [said(odd)] });
    expect(await bodyOf<ConversationBody>(await client.find(id))).toMatchObject({ metadata: { [odd]: odd } });
    await client.add(id, [
      { type: 'function_call', call_id: odd, name: 'look', arguments: odd },
      { type: 'function_call_output', call_id: odd, output: odd },
    ]);
    await client.responded(id, odd);
    await client.responded(id, odd, { store: false });
    const { data } = await client.page(id, '?order=asc');
    expect(data.map(textOf)).toEqual([
      odd,
      'function_call',
      'function_call_output',
      odd,
      'Hello!',
      odd,
      'Hello!',
    ]);
    expect(data[1]).toMatchObject({ call_id: odd, arguments: odd });
    expect(data[2]).toMatchObject({ call_id: odd, output: odd });
  });

  it('may have ids that no column can hold', async () => {
    const id = await client.create({ items: [{ ...said('odd'), id: 'msg_\u0000\ud800' }] });
    const [item] = (await client.page(id)).data;
    expect(item?.['id']).toBe('msg_\u0000\ud800');
    await client.responded(id, [{ ...said('again'), id: 'msg_\u0000\ud800' }]);
    expect(await client.texts(id)).toEqual(['odd', 'again', 'Hello!']);
    expect((await client.item(id, 'msg_%00')).status).toBe(404);
    expect((await client.list(id, '?after=msg_%00')).status).toBe(200);
  });

  it('have no prototype of their own to set', async () => {
    const body = '{"metadata":{"__proto__":"x"},"items":[{"role":"user","content":"y","__proto__":{"z":1}}]}';
    const { id } = await bodyOf<ConversationBody>(await client.call('POST', '/conversations', body));
    expect(await (await client.find(id)).text()).toContain('"metadata":{"__proto__":"x"}');
    expect(await client.texts(id)).toEqual(['y']);
  });
});
