import { describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { callsTools, messagesOf, toolCall } from '../../support/chat-scripts.js';
import { sse } from '../../support/chat-wire.js';
import { expectLegalEvents } from '../../support/response-event-checker.js';
import { refusal } from '../../support/scripted-upstream.js';
import { SocketFixture, WORKING } from './socket-fixture.js';

const weather = {
  type: 'function',
  name: 'get_weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

const fixture = new SocketFixture();

describe('a response on a socket', () => {
  it('is the events of its stream, one a message, and is stored like any other', async () => {
    const events = await fixture.client.turn();
    const response = expectLegalEvents(events);
    expect(response).toMatchObject({ status: 'completed', store: true, background: false });
    expect(await (await fixture.get(String(response['id']))).json()).toEqual(response);
  });

  it('is created whatever it says of the stream that it is', async () => {
    expect(
      await fixture.client.response({ stream: false, stream_options: {}, background: false }),
    ).toMatchObject({
      status: 'completed',
    });
  });

  it('brings its receipt on the native surface', async () => {
    const native = await fixture.open({ path: '/v1' });
    const events = await native.turn();
    const receipt = await native.shows(({ type }) => type === 'compose.receipt');
    const { compose_receipt: inBody, ...response } = expectLegalEvents(
      events.filter(({ type }) => !type.startsWith('compose')),
    );
    expect(inBody).toMatchObject({ id: receipt['id'], response_id: response['id'] });
    expect(receipt).toMatchObject({ responseId: response['id'], settlementStatus: 'settled' });
  });

  it.each([
    [undefined, 500, 'server_error', 'server_error'],
    [{ code: 'content_filter' }, 400, 'invalid_request_error', 'invalid_prompt'],
    [{ code: 'context_length_exceeded' }, 400, 'invalid_request_error', 'context_length_exceeded'],
    [{ code: 'rate_limit_exceeded' }, 429, 'rate_limit_error', 'rate_limit_exceeded'],
  ] as const)(
    'that fails while it runs with %j tells so, and what was used',
    async (error, status, type, code) => {
      const native = await fixture.open({ path: '/v1' });
      fixture.upstream.next(async (exchange) => {
        await exchange.send(sse(WORKING, ...(error ? [{ error }] : [])));
        exchange.breakConnection();
      });
      native.create();
      await native.shows((message) => message.type === 'compose.receipt');
      const shown = native.messages.find((message) => message.type === 'error');
      expect(shown).toMatchObject({ status, error: { type, code } });
      const events = native.messages
        .filter((message) => !message.type.startsWith('compose'))
        .map(({ status: _status, ...event }) => event);
      expect(expectLegalEvents(events)).toMatchObject({ status: 'failed' });
      expect(native.messages.slice(-2).map((message) => message.type)).toEqual([
        'compose.error',
        'compose.receipt',
      ]);
    },
  );

  it('that fails before it begins is an error and nothing else', async () => {
    fixture.upstream.always(refusal(400, { message: 'no', param: 'temperature' }));
    fixture.client.create();
    const error = await fixture.client.shows(({ type }) => type === 'error');
    expect(error).toMatchObject({ status: 400, error: { type: 'invalid_request_error' } });
    expect(fixture.client.messages).toHaveLength(1);
    fixture.upstream.reset();
    expect(await fixture.client.response()).toMatchObject({ status: 'completed' });
  });
});

describe('a loop of tools on one socket', () => {
  it.each([true, false])('continues from the response before (store: %s)', async (store) => {
    fixture.upstream.next(callsTools(toolCall('call_1', 'get_weather', '{"city":"Oslo"}')));
    const first = await fixture.client.response({ store, tools: [weather], input: 'Weather in Oslo?' });
    expect(first['output']).toMatchObject([{ type: 'function_call', call_id: 'call_1' }]);
    const output = { type: 'function_call_output', call_id: 'call_1', output: 'rain' };
    const second = await fixture.client.turn({
      store,
      tools: [weather],
      previous_response_id: first.id,
      input: [output],
    });
    expect(expectLegalEvents(second)).toMatchObject({ status: 'completed', previous_response_id: first.id });
    expect(messagesOf(await fixture.upstream.arrived(1))).toMatchObject([
      { role: 'user' },
      { role: 'assistant', tool_calls: [{ id: 'call_1' }] },
      { role: 'tool', tool_call_id: 'call_1' },
    ]);
    expect((await fixture.get(first.id)).status).toBe(store ? 200 : 404);
  });

  it('works with the socket of the stock openai SDK', async () => {
    const openai = new OpenAI({ apiKey: fixture.key, baseURL: `${fixture.gateway.url}/external/v1` });
    const socket = new ResponsesWS(openai);
    const ended: string[] = [];
    fixture.upstream.next(callsTools(toolCall('call_1', 'get_weather', '{"city":"Oslo"}')));
    const tools = [{ ...weather, type: 'function' as const, strict: false }];
    const model = 'test-model';
    socket.send({ type: 'response.create', model, tools, store: false, input: 'Weather?' });
    const texts: string[] = [];
    for await (const event of socket.stream()) {
      if (event.type === 'error') throw event.error;
      if (event.type !== 'message') continue;
      const { message } = event;
      if (message.type === 'response.output_text.delta') texts.push(message.delta);
      if (message.type !== 'response.completed') continue;
      ended.push(message.response.id);
      if (ended.length === 2) break;
      const input = [{ type: 'function_call_output' as const, call_id: 'call_1', output: 'rain' }];
      socket.send({
        type: 'response.create',
        model,
        tools,
        store: false,
        previous_response_id: message.response.id,
        input,
      });
    }
    expect(texts.join('')).toBe('Hello!');
    expect(messagesOf(await fixture.upstream.arrived(1))).toHaveLength(3);
    socket.close();
  });
});
