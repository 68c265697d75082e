import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import { callsTools, messagesOf, nextStalls, says, toolCall } from '../../support/chat-scripts.js';
import { chatChunk, sse } from '../../support/chat-wire.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { ResponsesClient, textOf } from '../../support/responses-client.js';
import { framesOf } from '../../support/sse-frames.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';

/** What JSON can say and a text of PostgreSQL cannot. */
const ODD = 'nul \u0000, half a pair \ud83d, the other half \udd8a, a quote " and \\u0000';

/** The same as a provider gets it: many refuse halves of a pair. */
const SENT = ODD.replace(/\p{Surrogate}/gu, '\ufffd');

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

describe('text that no database likes', () => {
  it.each([true, false])(
    'comes back unchanged from the store and down the chain (stream: %s)',
    async (stream) => {
      upstream.next(says([{ role: 'assistant', content: ODD }]));
      const body = { input: ODD, instructions: ODD, metadata: { note: ODD } };
      const made = stream ? (await client.streamed(body)).response : await client.created(body);
      expect(textOf(made)).toBe(ODD);
      expect(made).toMatchObject({ instructions: ODD, metadata: { note: ODD } });
      expect(messagesOf(await upstream.arrived(0))).toMatchObject([{ content: SENT }, { content: SENT }]);
      expect(await client.found(made.id)).toEqual(made);
      const items = (await (await client.inputItems(made.id)).json()) as { data: unknown[] };
      expect(items.data).toMatchObject([{ content: [{ type: 'input_text', text: ODD }] }]);
      await client.created({ previous_response_id: made.id, input: 'And now?' });
      expect(messagesOf(await upstream.arrived(1))).toMatchObject([
        { role: 'user', content: SENT },
        { role: 'assistant', content: SENT },
        { role: 'user', content: 'And now?' },
      ]);
    },
  );

  it('comes back unchanged from calls of tools and their outputs', async () => {
    const args = JSON.stringify({ text: ODD });
    upstream.next(callsTools(toolCall('call_1', 'look', args)));
    const tools = [{ type: 'function', name: 'look' }];
    const { response: made } = await client.streamed({ tools });
    expect(made.output).toMatchObject([{ arguments: args }]);
    expect(await client.found(made.id)).toEqual(made);
    const next = await client.created({
      tools,
      previous_response_id: made.id,
      input: [{ type: 'function_call_output', call_id: 'call_1', output: ODD }],
    });
    await client.created({ previous_response_id: next.id, tools });
    const [call, output] = messagesOf(await upstream.arrived(2)).slice(1, 3);
    const sent = (call?.['tool_calls'] as readonly { function: { arguments: string } }[])[0];
    expect(JSON.parse(sent?.function.arguments ?? '')).toEqual({ text: SENT });
    expect(output).toMatchObject({ role: 'tool', content: SENT });
  });

  it('comes back unchanged in the background, and from its events', async () => {
    const args = JSON.stringify({ location: '\0' });
    upstream.next((exchange) =>
      exchange.stream(
        chatChunk({ role: 'assistant', content: ODD }),
        chatChunk({ tool_calls: [{ index: 0, ...toolCall('c\0', 'look', args) }] }),
        chatChunk({}, 'tool_calls'),
      ),
    );
    const tools = [{ type: 'function', name: 'look' }];
    const { response } = await client.streamed({ background: true, tools });
    expect(response.status).toBe('completed');
    expect(response.output).toMatchObject([
      { content: [{ text: ODD }] },
      { call_id: 'c\0', arguments: args },
    ]);
    expect(await client.found(response.id)).toEqual(response);
    const replayed = await (await client.find(response.id, '?stream=true')).text();
    expect(framesOf(replayed).at(-2)?.data).toMatchObject({ type: 'response.completed', response });
  });

  it('may be the id of an item and what a page starts after', async () => {
    const id = 'msg_\u0000\ud83d';
    const made = await client.created({ input: [{ id, role: 'user', content: 'Hi', type: 'message' }] });
    expect(made.status).toBe('completed');
    const items = (await (await client.inputItems(made.id)).json()) as { data: unknown[] };
    expect(items.data).toMatchObject([{ id }]);
    expect((await client.inputItems(made.id, '?after=%00')).status).toBeLessThan(500);
  });

  it('may be an id that is longer than an index has room for', async () => {
    // No two of these characters are the same, so that it cannot be compressed either.
    const ids = ['first ', 'second '].map(
      (start) =>
        start + String.fromCodePoint(...Array.from({ length: 3_000 }, (_, index) => 0x4e00 + index * 5)),
    );
    const made = await client.created({
      input: ids.map((id) => ({ id, role: 'user', content: id.slice(0, 6), type: 'message' })),
    });
    const items = (await (await client.inputItems(made.id)).json()) as { data: unknown[] };
    expect(items.data).toMatchObject([{ id: ids[1] }, { id: ids[0] }]);
    upstream.reset();
    await client.created({ input: [{ type: 'item_reference', id: ids[0] }] });
    expect(messagesOf(await upstream.arrived(0))).toMatchObject([{ content: 'first ' }]);
  });

  it('names of two items of one id the one that stood later in its request', async () => {
    const said = (content: string, id?: string): object => ({ type: 'message', role: 'user', content, id });
    await client.created({ input: [said('before'), said('later', 'msg_twice')] });
    await client.created({ input: [said('sooner', 'msg_twice')] });
    upstream.reset();
    await client.created({ input: [{ type: 'item_reference', id: 'msg_twice' }] });
    expect(messagesOf(await upstream.arrived(0))).toMatchObject([{ content: 'later' }]);
  });
});

/** Tables in which a text stands, in whatever column; views read tables. */
async function tablesWith(pool: Pool, text: string): Promise<readonly string[]> {
  const { rows: columns } = await pool.query<{ table_name: string; column_name: string }>(
    `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'`,
  );
  const found = new Set<string>();
  for (const { table_name: table, column_name: column } of columns) {
    const { rowCount } = await pool.query(
      `SELECT FROM "${table}" WHERE "${column}"::text LIKE '%' || $1 || '%' LIMIT 1`,
      [text],
    );
    if (rowCount === 1) found.add(table);
  }
  return [...found].sort();
}

describe('a response that is not to be stored', () => {
  const marked = (mark: string): object => ({
    input: `${mark} in`,
    instructions: `${mark} how`,
    metadata: { mark },
    tools: [{ type: 'function', name: 'look', description: mark }],
    safety_identifier: mark,
  });

  it.each([true, false])('leaves nothing of what was said in any table (stream: %s)', async (stream) => {
    const mark = stream ? 'streamedmark' : 'wholemark';
    upstream.always(says([{ reasoning_content: `${mark} why` }, { content: `${mark} out` }]));
    const call = async (store: boolean): Promise<string> => {
      const body = { ...marked(mark), store };
      const made = stream ? (await client.streamed(body)).response : await client.created(body);
      expect(made).toMatchObject({ store, status: 'completed' });
      expect(textOf(made)).toBe(`${mark} out`);
      return made.id;
    };
    const id = await call(false);
    expect(await tablesWith(gateway.pool, mark)).toEqual([]);
    expect(await tablesWith(gateway.pool, id)).toEqual(['receipts']);
    for (const answer of [client.find(id), client.inputItems(id), client.cancel(id), client.erase(id)]) {
      expect((await answer).status).toBe(404);
    }
    expect((await client.create({ previous_response_id: id })).status).toBe(400);
    const kept = await call(true);
    expect(await tablesWith(gateway.pool, mark)).toEqual(['response_items', 'responses']);
    expect((await client.erase(kept)).status).toBe(200);
    expect(await tablesWith(gateway.pool, mark)).toEqual([]);
  });

  it('leaves nothing either when it fails, before or in the middle, or is left', async () => {
    upstream.next((exchange) => exchange.json({ error: { message: 'no' } }, 400));
    expect((await client.create({ ...marked('failedmark'), store: false })).status).toBe(400);
    upstream.next(async (exchange) => {
      await exchange.send(sse(chatChunk({ content: 'brokenmark' })));
      exchange.breakConnection();
    });
    const { response } = await client.streamed({ ...marked('brokenmark'), store: false });
    expect(response.status).toBe('failed');
    const stalled = nextStalls(upstream, chatChunk({ content: 'leftmark out' }));
    const leaving = new AbortController();
    const stream = await client.open({ ...marked('leftmark'), store: false }, leaving.signal);
    const exchange = await stalled;
    await stream.shows('leftmark out');
    for (const when of ['while it runs', 'after it was left']) {
      for (const mark of ['failedmark', 'brokenmark', 'leftmark']) {
        expect([when, await tablesWith(gateway.pool, mark)]).toEqual([when, []]);
      }
      leaving.abort();
      await exchange.aborted;
      await gateway.idle();
    }
  });
});
