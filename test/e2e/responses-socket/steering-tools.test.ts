import { describe, expect, it } from '@jest/globals';
import { messagesOf, nextStalls } from '../../support/chat-scripts.js';
import { chatChunk } from '../../support/chat-wire.js';
import { isEnd, type Message } from './socket-client.js';
import { SocketFixture } from './socket-fixture.js';
import { begun, endedTurn, type Shown, steer, turnsOf } from './steering-client.js';

const TOOLS = [{ type: 'function', name: 'look' }];
const OUTPUT = { type: 'function_call_output', call_id: 'call_1', output: 'nothing' };
const STUB = { type: 'function_call_output', call_id: 'call_1', name: 'look' };

const fixture = new SocketFixture();

function callPiece(text: string, more = {}): object {
  return chatChunk({ tool_calls: [{ index: 0, function: { arguments: text, ...more } }] });
}

/** A response that is steered while its model makes a call, and has ended with it. */
async function steeredInCall(
  create: object = {},
  meanwhile: () => void = () => undefined,
): Promise<{ readonly id: string; readonly accepted: Message }> {
  const { client, upstream } = fixture;
  const start = { index: 0, id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"a' } };
  const stalled = nextStalls(upstream, chatChunk({ tool_calls: [start] }));
  client.create({ tools: TOOLS, ...create });
  const exchange = await stalled;
  const id = await begun(client);
  const accepted = await steer(client, id, 'Look again');
  meanwhile();
  exchange.stream(callPiece('":1}'), chatChunk({}, 'tool_calls'));
  const { response } = await client.shows(isEnd);
  expect(response as Shown).toMatchObject({
    status: 'completed',
    output: [{ type: 'function_call', status: 'completed', arguments: '{"a":1}' }],
  });
  return { id, accepted };
}

describe('a response that is steered in a call of a tool', () => {
  it.each([true, false])('waits for the output, and goes on with both (store: %s)', async (store) => {
    const { client, upstream } = fixture;
    const { id, accepted } = await steeredInCall({ store });
    const pending = await client.shows(({ type }) => type === 'response.steer.pending');
    expect(pending).toEqual({
      type: 'response.steer.pending',
      sequence_number: expect.any(Number),
      steer: accepted['steer'],
      reason: 'waiting_for_required_input',
      required_input: [STUB],
    });
    expect(await steer(client, id, 'And again')).toMatchObject({ type: 'response.steer.accepted' });
    await client.shows(({ type }) => type === 'response.steer.pending', client.messages.indexOf(pending) + 1);
    endedTurn(turnsOf(client)[0]!);
    const turn = await client.turn({
      store,
      previous_response_id: id,
      input: [OUTPUT, { role: 'user', content: 'Well?' }],
    });
    expect(endedTurn(turn)).toMatchObject({ status: 'completed', tools: [], previous_response_id: id });
    expect(messagesOf(await upstream.arrived(1))).toMatchObject([
      { role: 'user', content: 'Hi' },
      { role: 'assistant', tool_calls: [{ id: 'call_1' }] },
      { role: 'tool', content: 'nothing' },
      { role: 'user', content: 'Look again' },
      { role: 'user', content: 'And again' },
      { role: 'user', content: 'Well?' },
    ]);
    expect((await steer(client, id, 'Too late'))['error']).toMatchObject({
      code: 'response_already_completed',
    });
  });

  it('does not wait when the output is there before its end', async () => {
    const { client, upstream } = fixture;
    await steeredInCall({ stream_id: 'a' }, () => {
      const { response } = client.messages[0] as { response?: Shown } & Message;
      client.create({ stream_id: 'a', previous_response_id: response?.id, input: [OUTPUT] });
    });
    const said = messagesOf(await upstream.arrived(1));
    expect(said.at(-1)).toMatchObject({ role: 'user', content: 'Look again' });
    await client.shows(isEnd, client.messages.findIndex(isEnd) + 1);
    expect(client.messages.filter(({ type }) => type === 'response.steer.pending')).toEqual([]);
    expect(client.messages.every(({ stream_id }) => stream_id === 'a')).toBe(true);
  });

  it('gets its input back when the output is missing', async () => {
    const { client } = fixture;
    const { id, accepted } = await steeredInCall();
    const error = await client.refusal({
      type: 'response.create',
      model: 'test-model',
      previous_response_id: id,
      input: 'No output',
    });
    expect(error).toMatchObject({ status: 400 });
    expect(await client.shows(({ type }) => type === 'response.steer.failed')).toMatchObject({
      steer: { ...(accepted['steer'] as object), input: 'Look again' },
      error: { type: 'invalid_request_error', code: 'successor_creation_failed' },
    });
    expect(await client.response({ previous_response_id: id, input: [OUTPUT] })).toMatchObject({
      status: 'completed',
    });
  });

  it('is not continued by a message in another lane', async () => {
    const { client, upstream } = fixture;
    const { id } = await steeredInCall();
    await client.turn({ stream_id: 'other', previous_response_id: id, input: [OUTPUT] });
    expect(messagesOf(await upstream.arrived(1)).at(-1)).toMatchObject({ role: 'tool' });
    await client.turn({ previous_response_id: id, input: [OUTPUT] });
    expect(messagesOf(await upstream.arrived(2)).at(-1)).toMatchObject({ content: 'Look again' });
  });
});
