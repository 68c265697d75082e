import { describe, expect, it } from '@jest/globals';
import { callsTools, messagesOf, toolCall } from '../../support/chat-scripts.js';
import { sse } from '../../support/chat-wire.js';
import { SocketFixture, WORKING } from './socket-fixture.js';

const fixture = new SocketFixture();

describe('a response that is not stored', () => {
  const unknown = (id: string): object => ({
    status: 400,
    error: {
      type: 'invalid_request_error',
      code: 'previous_response_not_found',
      param: 'previous_response_id',
      message: `Previous response with id '${id}' not found.`,
    },
  });
  const continuation = (id: string, more: object = {}): object => ({
    type: 'response.create',
    model: 'test-model',
    input: 'More',
    store: false,
    previous_response_id: id,
    ...more,
  });

  it('is continued over many turns, from stored ones and by stored ones', async () => {
    const stored = await fixture.client.response({ input: 'one' });
    const local = await fixture.client.response({
      input: 'two',
      store: false,
      previous_response_id: stored.id,
    });
    const again = await fixture.client.response({ input: 'three', previous_response_id: local.id });
    await fixture.client.response({ input: 'four', store: false, previous_response_id: again.id });
    const said = messagesOf(await fixture.upstream.arrived(3)).filter(({ role }) => role === 'user');
    expect(said.map(({ content }) => content)).toEqual(['one', 'two', 'three', 'four']);
    expect((await fixture.get(again.id)).status).toBe(200);
  });

  it('is continued from its compaction, whichever way it was made', async () => {
    const long = 'A long story. '.repeat(400);
    const said = async (call: number): Promise<readonly unknown[]> =>
      messagesOf(await fixture.upstream.arrived(call)).map(({ content }) => content);
    const told = await fixture.client.response({ input: long, store: false });
    const triggered = await fixture.client.response({
      input: [{ type: 'compaction_trigger' }],
      store: false,
      previous_response_id: told.id,
    });
    expect(triggered.output).toMatchObject([{ type: 'compaction' }]);
    await fixture.client.response({ input: 'one', store: false, previous_response_id: triggered.id });
    const [summary, ...more] = await said(2);
    expect(summary).toMatch(/^Summary of the conversation so far:/);
    expect(more).toEqual(['one']);

    const counted = await fixture.client.response({
      input: 'two',
      store: false,
      previous_response_id: told.id,
      context_management: [{ type: 'compaction', compact_threshold: 1_000 }],
    });
    expect(counted.output).toMatchObject([{ type: 'compaction' }, { type: 'message' }]);
    await fixture.client.response({ input: 'three', store: false, previous_response_id: counted.id });
    expect((await said(5)).slice(1)).toEqual(['two', expect.any(String), 'three']);
  });

  it('can be named item by item', async () => {
    const { id, output } = await fixture.client.response({ store: false });
    const [item] = output as readonly { id: string }[];
    const input = [
      { type: 'item_reference', id: item?.id },
      { role: 'user', content: 'And?' },
    ];
    expect(await fixture.client.response({ store: false, previous_response_id: id, input })).toMatchObject({
      status: 'completed',
    });
  });

  it('is not there on another socket, of the same key or of somebody else', async () => {
    const { id } = await fixture.client.response({ store: false });
    const stranger = await fixture.keyOf('stranger');
    for (const owner of [fixture.key, stranger]) {
      const other = await fixture.open({ key: owner });
      expect(await other.refusal(continuation(id))).toMatchObject(unknown(id));
    }
    expect(await fixture.client.response({ store: false, previous_response_id: id })).toMatchObject({
      status: 'completed',
    });
  });

  it.each([
    ['is refused', { input: 7 }],
    [
      'names an output without its call',
      { input: [{ type: 'function_call_output', call_id: 'none', output: '' }] },
    ],
  ])('is forgotten when what continues it %s', async (_, wrong) => {
    const { id } = await fixture.client.response({ store: false });
    expect(await fixture.client.refusal(continuation(id, wrong))).toMatchObject({ status: 400 });
    expect(await fixture.client.refusal(continuation(id))).toMatchObject(unknown(id));
  });

  it.each([true, false])(
    'is not continued without an answer to its call, stored or not: %s',
    async (store) => {
      fixture.upstream.next(callsTools(toolCall('call_1', 'look', '{}')));
      const { id } = await fixture.client.response({ store });
      const error = {
        code: 'invalid_value',
        param: 'input',
        message: 'No tool output found for function call call_1.',
      };
      expect(await fixture.client.refusal(continuation(id))).toMatchObject({ status: 400, error });
    },
  );

  it('is forgotten when what continues it fails', async () => {
    const { id } = await fixture.client.response({ store: false });
    fixture.upstream.next(async (exchange) => {
      await exchange.send(sse(WORKING));
      exchange.breakConnection();
    });
    await fixture.client.turn({ store: false, previous_response_id: id });
    expect(await fixture.client.refusal(continuation(id))).toMatchObject(unknown(id));
  });

  it('is forgotten when it is one of many', async () => {
    const { id } = await fixture.client.response({ store: false });
    for (let turn = 0; turn < 16; turn += 1) await fixture.client.response({ store: false });
    expect(await fixture.client.refusal(continuation(id))).toMatchObject(unknown(id));
  });

  it('is stored nowhere', async () => {
    const { id } = await fixture.client.response({ store: false });
    expect((await fixture.gateway.pool.query('SELECT FROM responses WHERE id = $1', [id])).rowCount).toBe(0);
    expect(
      (await fixture.gateway.pool.query('SELECT FROM receipts WHERE response_id = $1', [id])).rowCount,
    ).toBe(1);
  });

  it('leaves stored ones of other accounts alone', async () => {
    const { id } = await fixture.client.response();
    const stranger = await fixture.keyOf('stranger');
    const other = await fixture.open({ key: stranger });
    expect(await other.refusal(continuation(id))).toMatchObject(unknown(id));
  });
});
