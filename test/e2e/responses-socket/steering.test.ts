import { describe, expect, it } from '@jest/globals';
import { messagesOf, nextStalls } from '../../support/chat-scripts.js';
import { chatChunk, sse } from '../../support/chat-wire.js';
import { isEnd, type Message } from './socket-client.js';
import { SocketFixture, WORKING } from './socket-fixture.js';
import { allEnded, begun, endedTurn, SILENT, steer } from './steering-client.js';

const STEERED = { status: 'incomplete', incomplete_details: { reason: 'steered' }, error: null };
const THINKING = chatChunk({ role: 'assistant', reasoning_content: 'Hm' });
const FINISH = chatChunk({}, 'stop');
const CALL = chatChunk({
  tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'look', arguments: '{' } }],
});

const fixture = new SocketFixture();

describe('a response that is steered', () => {
  it.each([true, false])('ends with its item, and its successor goes on (store: %s)', async (store) => {
    const { client, upstream } = fixture;
    const stalled = nextStalls(upstream, THINKING);
    client.create({ store, instructions: 'Be kind.', metadata: { a: 'b' }, temperature: 0.5 });
    const exchange = await stalled;
    const id = await begun(client);
    expect(await steer(client, id, 'Be short')).toEqual({
      type: 'response.steer.accepted',
      sequence_number: expect.any(Number),
      steer: { id: expect.stringMatching(/^steer_[0-9a-z]{32}$/), previous_response_id: id },
    });
    await exchange.send(sse(chatChunk({ content: 'Never shown' })));
    await exchange.aborted;
    const [first, second] = await allEnded(client, 2);
    expect(first).toMatchObject({
      ...STEERED,
      id,
      completed_at: null,
      output: [{ type: 'reasoning', status: 'completed' }],
    });
    expect(second).toMatchObject({
      status: 'completed',
      previous_response_id: id,
      store,
      instructions: 'Be kind.',
      metadata: { a: 'b' },
      temperature: 0.5,
    });
    const asked = await upstream.arrived(1);
    expect(messagesOf(asked)).toMatchObject([
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Hi' },
      { role: 'user', content: 'Be short' },
    ]);
    expect(asked.body['temperature']).toBe(0.5);
    for (const shown of [first, second]) {
      const stored = await fixture.get(shown!.id);
      expect(stored.status).toBe(store ? 200 : 404);
      if (store) expect(await stored.json()).toEqual(shown);
    }
  });

  it('before its first word ends at once, though its model is silent', async () => {
    const { client, upstream } = fixture;
    const stalled = nextStalls(upstream, SILENT);
    client.create();
    const exchange = await stalled;
    await steer(client, await begun(client), 'Stop thinking');
    await exchange.aborted;
    const [first, second] = await allEnded(client, 2);
    expect(first).toMatchObject({ ...STEERED, output: [] });
    expect(second).toMatchObject({ status: 'completed' });
  });

  it.each([
    ['in its text', 'Working on', [], [chatChunk({ content: ' on' }), FINISH]],
    ['when its model has finished', 'Working', [FINISH], []],
  ])('%s completes it, and is followed all the same', async (_, content, before, after) => {
    const { client, upstream } = fixture;
    const stalled = nextStalls(upstream, WORKING, ...before);
    client.create();
    const exchange = await stalled;
    await client.shows(({ type }) => type === 'response.output_text.delta');
    await steer(client, await begun(client), 'In French');
    exchange.stream(...after);
    const [first, second] = await allEnded(client, 2);
    expect(first).toMatchObject({ status: 'completed', incomplete_details: null });
    expect(second).toMatchObject({ status: 'completed', previous_response_id: first!.id });
    expect(messagesOf(await upstream.arrived(1))).toMatchObject([
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content },
      { role: 'user', content: 'In French' },
    ]);
  });

  it('in its text ends before the call that its model makes then', async () => {
    const { client, upstream } = fixture;
    const stalled = nextStalls(upstream, WORKING);
    client.create({ tools: [{ type: 'function', name: 'look' }] });
    const exchange = await stalled;
    await steer(client, await begun(client), 'Look no further');
    await exchange.send(sse(CALL));
    await exchange.aborted;
    const [first] = await allEnded(client, 2);
    expect(first).toMatchObject({
      ...STEERED,
      output: [{ type: 'message', status: 'completed', content: [{ text: 'Working' }] }],
    });
  });

  it('more than once hands all on in their order, and the successor is steered like any other', async () => {
    const { client, upstream } = fixture;
    const stalled = [nextStalls(upstream, WORKING), nextStalls(upstream, SILENT)] as const;
    client.create();
    const id = await begun(client);
    await steer(client, id, 'one');
    const parts = [{ type: 'input_text', text: 'two' }];
    await steer(client, id, [
      { role: 'user', content: parts },
      { type: 'message', role: 'user', content: 'three' },
    ]);
    (await stalled[0]).stream(FINISH);
    await stalled[1];
    const next = await begun(client, client.messages.findIndex(isEnd));
    expect((await steer(client, id, 'late'))['error']).toMatchObject({ code: 'response_already_completed' });
    await steer(client, next, 'four');
    expect(await allEnded(client, 3)).toMatchObject([
      { status: 'completed' },
      { ...STEERED, previous_response_id: id },
      { status: 'completed', previous_response_id: next },
    ]);
    const said = messagesOf(await upstream.arrived(2)).filter(({ role }) => role === 'user');
    expect(said.map(({ content }) => content)).toEqual(['Hi', 'one', 'two', 'three', 'four']);
  });

  it('keeps its lane, where its successor comes before what waits', async () => {
    const { client, upstream } = fixture;
    const [a, b] = [nextStalls(upstream, SILENT), nextStalls(upstream, WORKING)];
    client.create({ stream_id: 'a' });
    await a;
    client.create({ stream_id: 'b', input: 'other' });
    const other = await b;
    client.create({ stream_id: 'a', input: 'waits' });
    const inLane = (lane: string): readonly Message[] =>
      client.messages.filter(({ stream_id }) => stream_id === lane);
    const { response } = await client.shows(({ type }) => type === 'response.created');
    const accepted = await steer(client, (response as { id: string }).id, 'first');
    expect(accepted).toMatchObject({ type: 'response.steer.accepted', stream_id: 'a' });
    await upstream.arrived(3);
    other.stream(FINISH);
    await client.shows((message) => isEnd(message) && message['stream_id'] === 'b');
    endedTurn(inLane('b'));
    const asked = await Promise.all([2, 3].map((call) => upstream.arrived(call)));
    expect(asked.map((request) => messagesOf(request).at(-1)?.['content'])).toEqual(['first', 'waits']);
  });
});
