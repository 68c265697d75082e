import { describe, expect, it } from '@jest/globals';
import { nextStalls } from '../../support/chat-scripts.js';
import { chatChunk, sse } from '../../support/chat-wire.js';
import { refusal } from '../../support/scripted-upstream.js';
import { isEnd } from './socket-client.js';
import { SocketFixture, WORKING } from './socket-fixture.js';
import { allEnded, begun, endedTurn, SILENT, steer, turnsOf } from './steering-client.js';

const FINISH = chatChunk({}, 'stop');
const MESSAGE = { role: 'user', content: 'Be short' };

const fixture = new SocketFixture();

describe('a response that cannot be steered', () => {
  it.each([
    ['no input', undefined, {}],
    ['an empty list', [], {}],
    ['a number', 7, {}],
    ['another field', 'Hi', { stream_id: 'a' }],
    ['a setting', 'Hi', { model: 'test-model' }],
    ['another role', [{ ...MESSAGE, role: 'developer' }], {}],
    ['another field of a message', [{ ...MESSAGE, id: 'msg_1' }], {}],
    ['an output', [{ type: 'function_call_output', call_id: 'call_1', output: '' }], {}],
    ['another part', [{ role: 'user', content: [{ type: 'output_text', text: 'Hi' }] }], {}],
    ['a message without content', [{ role: 'user' }], {}],
    ['a file of an upstream', [{ role: 'user', content: [{ type: 'input_file', file_id: 'file_1' }] }], {}],
  ])('by %s runs on', async (_, input, more) => {
    const { client, upstream } = fixture;
    const stalled = nextStalls(upstream, WORKING);
    client.create();
    const exchange = await stalled;
    const id = await begun(client);
    expect(await steer(client, id, input, more)).toEqual({
      type: 'response.steer.failed',
      sequence_number: expect.any(Number),
      steer: { previous_response_id: id, input: input ?? null },
      error: { type: 'invalid_request_error', code: 'invalid_input', message: expect.any(String) },
    });
    exchange.stream(FINISH);
    expect(await allEnded(client, 1)).toMatchObject([{ status: 'completed' }]);
    expect(upstream.requests).toHaveLength(1);
  });

  it.each([
    ['{"type":"response.steer","input":"Hi"}', 'missing_required_parameter'],
    ['{"type":"response.steer","input":"Hi","previous_response_id":7}', 'invalid_value'],
  ])('since none is named: %s', async (text, code) => {
    expect(await fixture.client.refusal(text)).toMatchObject({
      status: 400,
      error: { code, param: 'previous_response_id' },
    });
  });

  it('since it runs on another socket, of the same key or of somebody else', async () => {
    const { client, upstream } = fixture;
    const stalled = nextStalls(upstream, WORKING);
    client.create();
    const exchange = await stalled;
    const id = await begun(client);
    for (const key of [fixture.key, await fixture.keyOf('stranger')]) {
      const other = await fixture.open({ key });
      expect(await steer(other, id, 'Hi')).toMatchObject({
        sequence_number: 0,
        steer: { previous_response_id: id, input: 'Hi' },
        error: { code: 'response_not_found' },
      });
    }
    exchange.stream(FINISH);
    expect(await allEnded(client, 1)).toMatchObject([{ status: 'completed' }]);
  });

  it('since it has ended', async () => {
    const { client, upstream } = fixture;
    const { id: completed } = await client.response();
    upstream.next(async (exchange) => {
      await exchange.send(sse(WORKING));
      exchange.breakConnection();
    });
    const { id: failed } = await client.response();
    for (const [id, code] of [
      [completed, 'response_already_completed'],
      [failed, 'response_not_active'],
      ['resp_none', 'response_not_found'],
    ] as const)
      expect((await steer(client, id, 'Hi'))['error']).toMatchObject({ code });
  });

  it.each(['conversation', 'compaction'])('since it has a %s', async (what) => {
    const { client, upstream } = fixture;
    const made = await fetch(`${fixture.gateway.url}/v1/conversations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${fixture.key}` },
    });
    const { id: conversation } = (await made.json()) as { id: string };
    const stalled = nextStalls(upstream, WORKING);
    const context_management = [{ type: 'compaction', compact_threshold: 100_000 }];
    client.create(what === 'conversation' ? { conversation } : { context_management });
    const exchange = await stalled;
    expect((await steer(client, await begun(client), 'Hi'))['error']).toMatchObject({
      code: 'steering_not_supported',
    });
    exchange.stream(FINISH);
    expect(await allEnded(client, 1)).toMatchObject([{ status: 'completed' }]);
  });

  it('since it has been steered too often', async () => {
    const { client, upstream } = fixture;
    const stalled = nextStalls(upstream, WORKING);
    client.create();
    const exchange = await stalled;
    const id = await begun(client);
    for (let said = 0; said < 16; said += 1)
      expect(await steer(client, id, `${said}`)).toMatchObject({ type: 'response.steer.accepted' });
    expect((await steer(client, id, 'more'))['error']).toMatchObject({ code: 'too_many_pending_steers' });
    exchange.stream(FINISH);
    const [, second] = await allEnded(client, 2);
    const items = await fetch(
      `${fixture.gateway.url}/external/v1/responses/${second!.id}/input_items?limit=100`,
      { headers: { authorization: `Bearer ${fixture.key}` } },
    );
    expect(((await items.json()) as { data: unknown[] }).data).toHaveLength(16);
  });
});

describe('input that was accepted comes back', () => {
  it('when the response fails', async () => {
    const { client, upstream } = fixture;
    const stalled = nextStalls(upstream, WORKING);
    client.create();
    const exchange = await stalled;
    const id = await begun(client);
    const accepted = await steer(client, id, [MESSAGE]);
    exchange.breakConnection();
    const failed = await client.shows(({ type }) => type === 'response.steer.failed');
    expect(failed).toMatchObject({
      steer: { ...(accepted['steer'] as object), input: [MESSAGE] },
      error: { code: 'response_not_active' },
    });
    expect(client.messages.findIndex(isEnd)).toBeLessThan(client.messages.indexOf(failed));
    expect(upstream.requests).toHaveLength(1);
  });

  it('when the response is cancelled', async () => {
    const { client, upstream } = fixture;
    const stalled = nextStalls(upstream, WORKING);
    client.create();
    const exchange = await stalled;
    const id = await begun(client);
    await steer(client, id, 'Hi');
    await fetch(`${fixture.gateway.url}/external/v1/responses/${id}/cancel`, {
      method: 'POST',
      headers: { authorization: `Bearer ${fixture.key}` },
    });
    await exchange.aborted;
    const failed = await client.shows(({ type }) => type === 'response.steer.failed');
    expect(failed).toMatchObject({ error: { code: 'response_not_active' } });
    expect(endedTurn(turnsOf(client)[0]!)).toMatchObject({ status: 'cancelled' });
  });

  it.each([true, false])('when the successor is refused, and can be sent (store: %s)', async (store) => {
    const { client, upstream } = fixture;
    const stalled = nextStalls(upstream, SILENT);
    client.create({ store });
    await stalled;
    upstream.next(refusal(400, { message: 'a secret of the upstream', param: 'temperature' }));
    const id = await begun(client);
    const accepted = await steer(client, id, 'Be short');
    const failed = await client.shows(({ type }) => type === 'response.steer.failed');
    expect(failed).toMatchObject({
      steer: { ...(accepted['steer'] as object), input: 'Be short' },
      error: { code: 'successor_creation_failed', message: expect.not.stringContaining('secret') },
    });
    expect(client.messages.some(({ type }) => type === 'error')).toBe(false);
    expect(await client.response({ store, previous_response_id: id, input: 'Be short' })).toMatchObject({
      status: 'completed',
    });
  });
});
