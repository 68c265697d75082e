import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { nextStalls } from '../../support/chat-scripts.js';
import { chatChunk } from '../../support/chat-wire.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { refusalOf } from '../../support/refusal-of.js';
import { idIn, ResponsesClient } from '../../support/responses-client.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let client: ResponsesClient;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
  const { key } = await gateway.createKey({ budget_limit: '100000000' });
  client = new ResponsesClient(gateway.url, key);
});
beforeEach(() => upstream.reset());
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

interface Page {
  readonly object: string;
  readonly data: readonly { readonly id: string; readonly content: readonly { readonly text: string }[] }[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

async function page(id: string, query: string): Promise<Page> {
  const answer = await client.inputItems(id, query);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Page;
}

describe('input items', () => {
  it.each(['asc', 'desc'])('are listed completely and once, page by page (%s)', async (order) => {
    const texts = Array.from({ length: 23 }, (_, index) => `part ${index}`);
    const { id } = await client.created({ input: texts.map((content) => ({ role: 'user', content })) });
    const seen: string[] = [];
    for (let after = '', pages = 1; ; pages += 1) {
      const { data, first_id, last_id, has_more } = await page(id, `?limit=5&order=${order}${after}`);
      seen.push(...data.map(({ content }) => content[0]!.text));
      expect([first_id, last_id]).toEqual([data[0]?.id, data.at(-1)?.id]);
      expect(has_more).toBe(pages < 5);
      if (!has_more) break;
      after = `&after=${last_id ?? ''}`;
    }
    expect(seen).toEqual(order === 'asc' ? texts : [...texts].reverse());
  });

  it('are twenty at a time, the newest first, and of this turn alone', async () => {
    const parent = await client.created({ input: 'before' });
    const input = Array.from({ length: 21 }, (_, index) => ({ role: 'user', content: `part ${index}` }));
    const { id } = await client.created({ input, previous_response_id: parent.id });
    const { object, data, has_more } = await page(id, '');
    expect({ object, length: data.length, has_more }).toEqual({ object: 'list', length: 20, has_more: true });
    expect(data[0]?.content[0]?.text).toBe('part 20');
    const all = await page(
      id,
      '?limit=100&include[]=message.output_text.logprobs&include[]=reasoning.encrypted_content',
    );
    expect(all.data).toHaveLength(21);
  });

  it('are none for a turn without input', async () => {
    const parent = await client.created();
    const { id } = await client.created({ input: [], previous_response_id: parent.id });
    expect(await page(id, '')).toEqual({
      object: 'list',
      data: [],
      first_id: null,
      last_id: null,
      has_more: false,
    });
  });

  it.each(['limit=0', 'limit=101', 'limit=x', 'limit=-1', 'limit=1.5', 'order=up', 'limit=1&limit=2'])(
    'are refused for %s',
    async (query) => {
      const { id } = await client.created();
      const { status, error } = await refusalOf(await client.inputItems(id, `?${query}`));
      expect([status, error.code, error.param]).toEqual([400, 'invalid_value', query.split('=')[0]]);
    },
  );
});

describe('a stream of a stored response', () => {
  it.each(['stream=yes', 'starting_after=x', 'starting_after=-1', 'stream=true&stream=true'])(
    'is refused for %s',
    async (query) => {
      const { id } = await client.created();
      const { status, error } = await refusalOf(await client.find(id, `?${query}`));
      expect([status, error.code, error.param]).toEqual([400, 'invalid_value', query.split('=')[0]]);
    },
  );

  it('is refused while a foreground response runs, which can be retrieved', async () => {
    const stalled = nextStalls(upstream, chatChunk({ content: 'Once' }));
    const stream = await client.open();
    await stalled;
    await stream.shows('Once');
    const id = idIn(stream);
    const { status, error } = await refusalOf(await client.find(id, '?stream=true'));
    expect([status, error.code]).toEqual([400, 'invalid_value']);
    expect(await client.found(id)).toMatchObject({ status: 'in_progress', output: [], usage: null });
    expect((await page(id, '')).data).toHaveLength(1);
    await client.cancel(id);
  });
});
