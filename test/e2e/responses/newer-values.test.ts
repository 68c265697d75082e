import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { callsTools, messagesOf, toolCall } from '../../support/chat-scripts.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { refusalOf } from '../../support/refusal-of.js';
import { ResponsesClient, type ResponseBody } from '../../support/responses-client.js';
import { type ScriptedUpstream, startScriptedUpstream } from '../../support/scripted-upstream.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let client: ResponsesClient;
let key: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
  ({ key } = await gateway.createKey());
  client = new ResponsesClient(gateway.url, key);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(() => upstream.reset());

const say = (content: string): JsonObject => ({ role: 'user', content });
const named = (name: string, fields: JsonObject = {}): JsonObject => ({ type: 'function', name, ...fields });
const deferred = (name: string): JsonObject =>
  named(name, { defer_loading: true, description: `Does ${name}.` });
const search: JsonObject = { type: 'tool_search', execution: 'client' };

function offeredIn(position: number): readonly string[] {
  const tools = (upstream.requests[position]?.body['tools'] ?? []) as { function: { name: string } }[];
  return tools.map((tool) => tool.function.name);
}

async function listed(id: string): Promise<readonly JsonObject[]> {
  const page = (await (await client.inputItems(id, '?order=asc')).json()) as { data: JsonObject[] };
  return page.data;
}

describe('what is newer than the gateway', () => {
  it('is kept in its place, shown, and left out of what the model sees', async () => {
    const thought = { type: 'thought', summary: ['a', { b: 1 }], call_id: 7 };
    const tools = [named('f'), { type: 'web_search_2026_09_01', depth: 3 }];
    const include = ['thought.summary'];
    const input = [say('one'), thought, { type: 'constructor', id: 'own' }, say('two')];
    const first = await client.created({
      tools,
      input,
      include,
      background_options: { completion_window: '2h' },
    });
    expect(messagesOf(upstream.requests[0]!).map(({ content }) => content)).toEqual(['one', 'two']);
    expect(offeredIn(0)).toEqual(['f']);
    expect(first).toMatchObject({
      tools: [{ name: 'f' }, { type: 'web_search_2026_09_01', depth: 3 }],
      background_options: { completion_window: '2h' },
    });
    const items = await listed(first.id);
    expect(items).toMatchObject([
      { type: 'message', status: 'completed' },
      { ...thought, id: expect.stringMatching(/^item_/), status: 'completed' },
      { type: 'constructor', id: 'own', status: 'completed' },
      { type: 'message', content: [{ text: 'two' }] },
    ]);

    const second = await client.created({ previous_response_id: first.id, input: 'three' });
    const said = messagesOf(upstream.requests[1]!).map(({ content }) => content);
    expect(said).toEqual(['one', 'two', 'Hello!', 'three']);
    expect(await client.found(second.id)).toEqual(second);
    // What a list shows can be sent again as it is.
    await client.created({ input: items, store: false });
    expect(await client.found(first.id)).toEqual(first);
  });

  it('is shown in every event of a stream, and when that is told again', async () => {
    const options = { access_programs: { bio: 'x' }, prompt_cache_options: { mode: 'explicit', ttl: '30m' } };
    const { events, response } = await client.streamed({ ...options, id: 'resp_mine', usage: { a: 1 } });
    expect(response).toMatchObject(options);
    expect(response.id).not.toBe('resp_mine');
    for (const event of events) if ('response' in event) expect(event['response']).toMatchObject(options);
    const again = await (await client.find(response.id, '?stream=true')).text();
    expect(again.match(/"access_programs":\{"bio":"x"\}/g)).toHaveLength(3);
  });

  it.each<[string, JsonObject]>([
    ['a tool of an unknown type', { type: 'x_search' }],
    ['a search for tools by the provider', { type: 'tool_search' }],
    ['a shell in a container', { type: 'shell', environment: { type: 'container_auto' } }],
  ])('is refused only where it is demanded: %s', async (_name, tool) => {
    expect((await client.create({ tools: [tool, named('f')] })).status).toBe(200);
    const { error, status } = await refusalOf(
      await client.create({ tools: [tool, named('f')], tool_choice: { type: tool['type'] } }),
    );
    expect({ status, ...error }).toMatchObject({
      status: 400,
      code: 'unsupported_parameter',
      param: 'tool_choice',
    });
  });

  it('is kept in conversations', async () => {
    const post = (path: string, body: object): Promise<Response> =>
      fetch(`${gateway.url}/external/v1/conversations${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: JSON.stringify(body),
      });
    const image = { type: 'input_image', image_url: 'data:image/png;base64,AA' };
    const spoken = { type: 'output_text', text: 'x' };
    const items = [
      { type: 'thought' },
      { role: 'user', content: [image] },
      { role: 'assistant', content: [spoken] },
      { type: 'compaction_of_next_year', encrypted_content: 'x' },
    ];
    const { id } = (await (await post('', {})).json()) as { id: string };
    const added = (await (await post(`/${id}/items`, { items })).json()) as { data: JsonObject[] };
    expect(added.data).toMatchObject([
      { type: 'thought' },
      { content: [{ ...image, detail: 'auto' }] },
      { content: [{ ...spoken, annotations: [], logprobs: [] }] },
      { type: 'compaction_of_next_year' },
    ]);
    for (const item of added.data)
      expect(item).toMatchObject({ id: expect.any(String), status: 'completed' });
    const response = await client.created({ conversation: id, input: 'Hi' });
    expect(response.status).toBe('completed');
  });
});

describe('tools that wait for a search', () => {
  const group = {
    type: 'namespace',
    name: 'crm',
    description: 'Customers.',
    tools: [deferred('find'), named('list')],
  };

  it('are named to the model, and offered from when the client has found them, through chains', async () => {
    const tools = [named('always'), deferred('late'), group, search];
    upstream.next(callsTools(toolCall('call_1', 'tool_search', '{"paths":["late","crm"]}')));
    const first = await client.created({ tools });
    expect(offeredIn(0)).toEqual(['always', 'tool_search', 'crm__list']);
    const declared = JSON.stringify(upstream.requests[0]?.body['tools']);
    expect(declared).toContain('- late: Does late.\\n- crm: Customers.');

    const found = { type: 'namespace', name: 'crm', tools: [deferred('find')] };
    const output = { type: 'tool_search_output', call_id: 'call_1', tools: [deferred('late'), found] };
    upstream.next(callsTools(toolCall('call_2', 'crm__find', '{}')));
    const second = await client.created({ tools, previous_response_id: first.id, input: [output] });
    expect(new Set(offeredIn(1))).toEqual(
      new Set(['always', 'tool_search', 'late', 'crm__list', 'crm__find']),
    );
    expect(messagesOf(upstream.requests[1]!).at(-1)).toMatchObject({ content: 'Loaded: late, crm__find' });
    expect(second.output).toMatchObject([{ type: 'function_call', name: 'find', namespace: 'crm' }]);

    const answer = { type: 'function_call_output', call_id: 'call_2', output: 'x' };
    await client.created({ tools: [search], previous_response_id: second.id, input: [answer] });
    expect(new Set(offeredIn(2))).toEqual(new Set(['tool_search', 'late', 'crm__find']));
  });

  it('are offered at once where nobody could find them', async () => {
    await client.created({ tools: [deferred('late'), group, { type: 'tool_search' }] });
    expect(offeredIn(0)).toEqual(['late', 'crm__find', 'crm__list']);
  });
});

describe('a change of the configuration', () => {
  const update = (fields: JsonObject): JsonObject => ({ type: 'configuration_update', ...fields });
  const format = { type: 'json_schema', name: 'x', schema: { type: 'object' } };

  it('holds from then on, the last one of each setting, through chains', async () => {
    const asked = { reasoning: { effort: 'high' }, text: { verbosity: 'low' } };
    const first = await client.created({
      ...asked,
      input: [update({ reasoning: { effort: 'low' } }), say('a'), update({ text: { format } })],
    });
    const second = await client.created({ ...asked, previous_response_id: first.id, input: 'b' });
    await client.created({
      ...asked,
      previous_response_id: second.id,
      input: [update({ reasoning: { effort: 'medium' }, text: { format: { type: 'text' } } }), say('c')],
    });
    const bodies = upstream.requests.map(({ body }) => body);
    const schema = { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } };
    expect(bodies).toMatchObject([
      { reasoning_effort: 'low', verbosity: 'low', response_format: schema },
      { reasoning_effort: 'low', verbosity: 'low', response_format: schema },
      { reasoning_effort: 'medium', verbosity: 'low' },
    ]);
    expect(bodies[2]).not.toHaveProperty('response_format');
    expect(await listed(first.id)).toMatchObject([
      { type: 'configuration_update', id: expect.any(String), status: 'completed' },
      {},
      {},
    ]);
  });
});

describe('outputs', () => {
  const output = (text: string, id = 'call_1'): JsonObject => ({
    type: 'function_call_output',
    call_id: id,
    output: text,
  });

  async function asked(): Promise<ResponseBody> {
    upstream.next(callsTools(toolCall('call_1', 'f', '{}')));
    const first = await client.created({ tools: [named('f')] });
    upstream.next(callsTools(toolCall('call_2', 'f', '{}')));
    return client.created({ tools: [named('f')], previous_response_id: first.id, input: [output('one')] });
  }

  it('that are sent again in each round are shown once', async () => {
    const second = await asked();
    const input = [output('one'), output('two', 'call_2')];
    const third = await client.created({ tools: [named('f')], previous_response_id: second.id, input });
    const told = messagesOf(upstream.requests[2]!).filter(({ role }) => role === 'tool');
    expect(told.map(({ content }) => content)).toEqual(['one', 'two']);
    expect(await listed(third.id)).toMatchObject([{ call_id: 'call_2' }]);
  });

  it('that no call has led to are told as the tool that made them', async () => {
    const alone = { type: 'function_call_output', name: 'watcher', output: 'It rains.' };
    await client.created({ input: [say('Hi'), alone] });
    expect(messagesOf(upstream.requests[0]!).at(-1)).toEqual({
      role: 'user',
      content: [
        { type: 'text', text: 'Output of watcher:' },
        { type: 'text', text: 'It rains.' },
      ],
    });
  });

  it('that differ from what is there are refused', async () => {
    const second = await asked();
    const input = [output('other'), output('two', 'call_2')];
    const { error, status } = await refusalOf(
      await client.create({ tools: [named('f')], previous_response_id: second.id, input }),
    );
    expect({ status, ...error }).toEqual({
      status: 400,
      type: 'invalid_request_error',
      code: 'invalid_value',
      param: 'input',
      message: 'Duplicate function_call_output for call_id call_1.',
    });
  });
});
