import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Handler } from '../../support/scripted-upstream.js';
import { expectSoundBooks } from '../../support/books.js';
import { callsTools, says, toolCall } from '../../support/chat-scripts.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { expectLegalEvents } from '../../support/response-event-checker.js';
import { checkedStream, ResponsesClient, SURFACES } from '../../support/responses-client.js';
import { completion, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { framesOf } from '../../support/sse-frames.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
  ({ key } = await gateway.createKey({ budget_limit: '100000000' }));
});
afterEach(async () => {
  upstream.reset();
  await expectSoundBooks(gateway.pool);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const tools = [
  { type: 'function', name: 'look', parameters: { type: 'object', properties: {} } },
  { type: 'custom', name: 'run' },
];

interface Case {
  readonly handler: Handler;
  readonly status: string;
  readonly output: readonly object[];
}

const CASES: Readonly<Record<string, Case>> = {
  text: {
    handler: completion('The quick brown fox'),
    status: 'completed',
    output: [{ type: 'message', status: 'completed', content: [{ type: 'output_text' }] }],
  },
  'reasoning and text': {
    handler: says([{ reasoning_content: 'Let me' }, { reasoning_content: ' see.' }, { content: 'Done.' }]),
    status: 'completed',
    output: [{ type: 'reasoning' }, { type: 'message', content: [{ type: 'output_text', text: 'Done.' }] }],
  },
  'a refusal': {
    handler: says([{ refusal: 'I will' }, { refusal: ' not.' }]),
    status: 'completed',
    output: [{ type: 'message', content: [{ type: 'refusal', refusal: 'I will not.' }] }],
  },
  'one tool call': {
    handler: callsTools(toolCall('call_1', 'look', '{"at":"it"}')),
    status: 'completed',
    output: [{ type: 'function_call', call_id: 'call_1', name: 'look', arguments: '{"at":"it"}' }],
  },
  'four tool calls, one of them custom': {
    handler: callsTools(
      ...['1', '2', '3'].map((id) => toolCall(`call_${id}`, 'look', `{"at":"${id}"}`)),
      toolCall('call_4', 'run', '{"input":"ls"}'),
    ),
    status: 'completed',
    output: [
      ...['1', '2', '3'].map((id) => ({ type: 'function_call', call_id: `call_${id}` })),
      { type: 'custom_tool_call', call_id: 'call_4', name: 'run', input: 'ls' },
    ],
  },
  'nothing at all': { handler: says([]), status: 'completed', output: [] },
  'a text that was cut': {
    handler: says([{ content: 'Once' }, { content: ' upon' }], 'length'),
    status: 'incomplete',
    output: [{ type: 'message', status: 'incomplete', content: [{ text: 'Once upon' }] }],
  },
  'a text that was filtered': {
    handler: says([{ content: 'Once' }], 'content_filter'),
    status: 'incomplete',
    output: [{ type: 'message', status: 'incomplete' }],
  },
};

describe.each(SURFACES)('a response on %s', (surface) => {
  const native = surface === '/v1';

  it.each(Object.entries(CASES))('of %s is streamed legally and kept as it ended', async (_, one) => {
    upstream.next(one.handler);
    const client = new ResponsesClient(gateway.url, key, surface);
    const answer = await client.create({ stream: true, tools });
    const { response, events, compose } = await checkedStream(answer);
    expect(response.status).toBe(one.status);
    expect(response.output).toMatchObject(one.output);
    expect(response.output).toHaveLength(one.output.length);
    expect(await client.found(response.id)).toEqual(response);
    expect(answer.headers.get('x-compose-response-id')).toBe(native ? response.id : null);
    expect(compose.map(({ event }) => event)).toEqual(native ? ['compose.receipt'] : []);
    expect('compose_receipt' in response).toBe(native);
    const exceptLast = JSON.stringify(events.slice(0, -1));
    expect(exceptLast).not.toContain('compose');
    if (native) expect(compose[0]?.data).toMatchObject({ responseId: response.id });
    else expect(JSON.stringify([response, [...answer.headers]])).not.toMatch(/compose/i);

    const replay = await checkedStream(await client.find(response.id, '?stream=true'));
    expect(replay.response).toEqual(response);
    expect(replay.compose).toEqual(compose);
    expect(replay.events.at(-1)).toMatchObject({ type: events.at(-1)?.type });
  });

  it.each(Object.entries(CASES))('of %s is the same when it is not streamed', async (_, one) => {
    upstream.next(one.handler);
    const client = new ResponsesClient(gateway.url, key, surface);
    const answer = await client.create({ tools });
    const response = (await answer.json()) as { id: string; status: string; output: unknown[] };
    expect(response.status).toBe(one.status);
    expect(response.output).toMatchObject(one.output);
    expect(await client.found(response.id)).toEqual(response);
    expect('compose_receipt' in response).toBe(native);
    expect(answer.headers.get('x-compose-response-id')).toBe(native ? response.id : null);
    expectLegalEvents((await checkedStream(await client.find(response.id, '?stream=true'))).events);
  });

  it('is there for whoever asks as soon as the terminal event has come', async () => {
    const client = new ResponsesClient(gateway.url, key, surface);
    const opened = await client.open();
    await opened.shows('event: response.completed');
    const [, id = ''] = /"id":"(resp_[A-Za-z0-9]+)"/.exec(opened.text) ?? [];
    expect((await client.found(id)).status).toBe('completed');
  });

  it('is resumed with its terminal event alone when its events were not logged', async () => {
    const client = new ResponsesClient(gateway.url, key, surface);
    const { id } = await client.created();
    const rest = await client.find(id, '?stream=true&starting_after=7');
    const frames = framesOf(await rest.text());
    expect(frames.map(({ event }) => event)).toEqual([
      'response.completed',
      ...(native ? ['compose.receipt'] : []),
      undefined,
    ]);
    expect(frames[0]?.data).toMatchObject({ sequence_number: 8, response: await client.found(id) });
    expect(frames.at(-1)?.data).toBe('[DONE]');
  });
});

it('is one response on both surfaces', async () => {
  const native = new ResponsesClient(gateway.url, key, '/v1');
  const external = new ResponsesClient(gateway.url, key, '/external/v1');
  const made = await external.created();
  const { compose_receipt: receipt, ...rest } = await native.found(made.id);
  expect(rest).toEqual(made);
  expect(receipt).toMatchObject({ response_id: made.id });
});
