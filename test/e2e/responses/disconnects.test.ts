import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../../support/books.js';
import { nextStalls, toolCall } from '../../support/chat-scripts.js';
import { chatChunk, chatUsage, usageChunk } from '../../support/chat-wire.js';
import { fileFor, TestGateway, type CreatedKey } from '../../support/gateway.js';
import { receipts } from '../../support/ledger-state.js';
import { checkedStream, ResponsesClient, SURFACES, textOf } from '../../support/responses-client.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let created: CreatedKey;
let client: ResponsesClient;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
});
beforeEach(async () => {
  upstream.reset();
  created = await gateway.createKey({ budget_limit: '1000000' });
  client = new ResponsesClient(gateway.url, created.key);
});
afterEach(() => expectSoundBooks(gateway.pool));
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const WORDS = ['The', ' quick', ' brown', ' fox'];
const FRAMES = [
  chatChunk({ role: 'assistant', content: '' }),
  ...WORDS.map((content) => chatChunk({ content })),
  chatChunk({}, 'stop'),
];

/** The only response that this test's key has paid for. */
async function storedId(): Promise<string> {
  const { rows } = await gateway.pool.query<{ id: string }>(
    'SELECT id FROM responses ORDER BY created_at DESC, last_used_at DESC LIMIT 1',
  );
  return rows[0]!.id;
}

describe('a client that leaves a stream', () => {
  // The first frame alone says nothing, and nothing is shown for it.
  it.each([2, 3, 4, 5, 6])(
    'after %i frames leaves a cancelled response with what had come by then, paid for',
    async (sent) => {
      const words = Math.min(sent - 1, WORDS.length);
      const stalled = nextStalls(upstream, ...FRAMES.slice(0, sent));
      const leaving = new AbortController();
      const stream = await client.open({}, leaving.signal);
      const exchange = await stalled;
      await stream.shows(`"delta":"${WORDS[words - 1]}"`);
      leaving.abort();
      await exchange.aborted;
      await gateway.idle();
      const stored = await client.found(await storedId());
      expect(stored).toMatchObject({ status: 'cancelled', completed_at: null, incomplete_details: null });
      expect(textOf(stored)).toBe(WORDS.slice(0, words).join(''));
      expect(stored.output).toMatchObject([{ type: 'message', status: 'incomplete' }]);
      expect(await receipts(gateway.pool, created.id)).toEqual([
        { finalAmount: 1 + 2 * words + 1, estimated: true },
      ]);
      expect(stored.usage).toMatchObject({ input_tokens: 1, output_tokens: words });
      expect(await gateway.keyBudget(created.id)).toMatchObject({ held: 0 });
      const replay = await checkedStream(await client.find(stored.id, '?stream=true'));
      expect(replay.response).toEqual(stored);
    },
  );

  it('after the upstream’s count is charged by that count', async () => {
    const stalled = nextStalls(upstream, ...FRAMES, usageChunk(chatUsage(100, 50)));
    const leaving = new AbortController();
    const stream = await client.open({}, leaving.signal);
    const exchange = await stalled;
    await stream.shows('fox');
    leaving.abort();
    await exchange.aborted;
    await gateway.idle();
    const stored = await client.found(await storedId());
    // The end may have been under way when the client left.
    expect(['cancelled', 'completed']).toContain(stored.status);
    expect(stored.usage).toMatchObject({ input_tokens: 100, output_tokens: 50 });
    expect(await receipts(gateway.pool, created.id)).toEqual([{ finalAmount: 202, estimated: false }]);
  });

  it('in the middle of a tool call leaves the call incomplete, and a chain goes on without it', async () => {
    const call = toolCall('call_1', 'look', '{"at"');
    const stalled = nextStalls(upstream, chatChunk({ tool_calls: [{ index: 0, ...call }] }));
    const leaving = new AbortController();
    const tools = [{ type: 'function', name: 'look' }];
    const stream = await client.open({ tools }, leaving.signal);
    const exchange = await stalled;
    await stream.shows('function_call_arguments.delta');
    leaving.abort();
    await exchange.aborted;
    await gateway.idle();
    const stored = await client.found(await storedId());
    expect(stored).toMatchObject({
      status: 'cancelled',
      output: [{ type: 'function_call', status: 'incomplete', arguments: '{"at"' }],
    });
    const next = await client.created({ previous_response_id: stored.id, tools });
    expect(next.status).toBe('completed');
  });
});

describe.each(SURFACES)('a client that leaves on %s', (surface) => {
  it.each([{ stream: true }, { stream: false }])(
    'before the first word leaves an empty cancelled response, and the upstream is told at once (%j)',
    async (body) => {
      const own = new ResponsesClient(gateway.url, created.key, surface);
      const stalled = nextStalls(upstream, ...(body.stream ? FRAMES.slice(0, 1) : []));
      const leaving = new AbortController();
      const answer = own.create(body, leaving.signal).catch(() => undefined);
      const exchange = await stalled;
      const leftMs = performance.now();
      leaving.abort();
      // Promised within 100 ms, where a machine is not busy.
      expect((await exchange.aborted) - leftMs).toBeLessThan(30_000);
      await answer;
      await gateway.idle();
      expect(await own.found(await storedId())).toMatchObject({ status: 'cancelled', output: [] });
      expect(await receipts(gateway.pool, created.id)).toEqual([{ finalAmount: 2, estimated: true }]);
    },
  );

  it('a response that is not to be stored leaves no record', async () => {
    const own = new ResponsesClient(gateway.url, created.key, surface);
    const before = await gateway.pool.query('SELECT FROM responses');
    const stalled = nextStalls(upstream, ...FRAMES.slice(0, 3));
    const leaving = new AbortController();
    const stream = await own.open({ store: false }, leaving.signal);
    const exchange = await stalled;
    await stream.shows('quick');
    leaving.abort();
    await exchange.aborted;
    await gateway.idle();
    expect((await gateway.pool.query('SELECT FROM responses')).rowCount).toBe(before.rowCount);
    expect(await receipts(gateway.pool, created.id)).toEqual([{ finalAmount: 6, estimated: true }]);
  });
});
