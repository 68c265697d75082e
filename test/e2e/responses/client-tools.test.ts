import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import type { JsonObject } from '../../../src/base/json.js';
import { callsTools, messagesOf, toolCall } from '../../support/chat-scripts.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { ResponsesClient, type ResponseBody } from '../../support/responses-client.js';
import { completion, type ScriptedUpstream, startScriptedUpstream } from '../../support/scripted-upstream.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let client: ResponsesClient;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
  const { key } = await gateway.createKey();
  client = new ResponsesClient(gateway.url, key);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(() => upstream.reset());

interface Row {
  readonly tool: JsonObject;
  /** What the model calls, and with what. */
  readonly name: string;
  readonly said: JsonObject;
  /** The item that the client gets, apart from what all calls have. */
  readonly item: JsonObject;
  /** The output that it sends back, apart from the id of the call. */
  readonly output: JsonObject;
  /** What of it the model gets. */
  readonly text: string;
  readonly image?: string;
}

const PNG = 'data:image/png;base64,iVBORw0KGgo=';
const found = { type: 'function', name: 'late', parameters: { type: 'object', properties: {} } };
const click = { type: 'click', x: 3, y: 4, button: 'left' };
const screenshot = { type: 'computer_call_output', output: { type: 'computer_screenshot', image_url: PNG } };
const create = { type: 'create_file', path: 'a.txt', diff: '+a' };

const ROWS: readonly (readonly [string, Row])[] = [
  [
    'a function',
    {
      tool: { type: 'function', name: 'weather', parameters: { type: 'object', properties: {} } },
      name: 'weather',
      said: { city: 'Rome' },
      item: { type: 'function_call', name: 'weather', arguments: '{"city":"Rome"}' },
      output: { type: 'function_call_output', output: 'sunny' },
      text: 'sunny',
    },
  ],
  [
    'a custom tool in a namespace',
    {
      tool: { type: 'namespace', name: 'functions', tools: [{ type: 'custom', name: 'exec' }] },
      name: 'functions__exec',
      said: { input: 'text("a")' },
      item: { type: 'custom_tool_call', name: 'exec', namespace: 'functions', input: 'text("a")' },
      output: { type: 'custom_tool_call_output', output: [{ type: 'input_text', text: 'a' }] },
      text: 'a',
    },
  ],
  [
    'a search for tools',
    {
      tool: { type: 'tool_search', execution: 'client', parameters: { type: 'object', properties: {} } },
      name: 'tool_search',
      said: { query: 'late' },
      item: { type: 'tool_search_call', execution: 'client', arguments: { query: 'late' } },
      output: { type: 'tool_search_output', execution: 'client', status: 'completed', tools: [found] },
      text: 'Loaded: late',
    },
  ],
  [
    'a local shell',
    {
      tool: { type: 'local_shell' },
      name: 'local_shell',
      said: { command: ['ls', '-l'], env: { A: 'b' }, timeout_ms: 5, working_directory: '/tmp' },
      item: {
        type: 'local_shell_call',
        action: {
          type: 'exec',
          command: ['ls', '-l'],
          env: { A: 'b' },
          timeout_ms: 5,
          working_directory: '/tmp',
        },
      },
      output: { type: 'local_shell_call_output', output: 'a.txt' },
      text: 'a.txt',
    },
  ],
  [
    'a shell',
    {
      tool: { type: 'shell', environment: { type: 'local' } },
      name: 'shell',
      said: { commands: ['ls', 'pwd'], timeout_ms: 5 },
      item: {
        type: 'shell_call',
        action: { commands: ['ls', 'pwd'], timeout_ms: 5, max_output_length: null },
        environment: { type: 'local' },
      },
      output: {
        type: 'shell_call_output',
        output: [{ stdout: 'a', stderr: '', outcome: { type: 'exit', exit_code: 0 } }],
      },
      text: '[{"stdout":"a","stderr":"","outcome":{"type":"exit","exit_code":0}}]',
    },
  ],
  [
    'a patch',
    {
      tool: { type: 'apply_patch' },
      name: 'apply_patch',
      said: create,
      item: { type: 'apply_patch_call', operation: create },
      output: { type: 'apply_patch_call_output', status: 'failed', output: 'no such folder' },
      text: 'failed: no such folder',
    },
  ],
  [
    'a computer',
    {
      tool: { type: 'computer' },
      name: 'computer',
      said: { actions: [click, { type: 'screenshot' }] },
      item: { type: 'computer_call', actions: [click, { type: 'screenshot' }], pending_safety_checks: [] },
      output: screenshot,
      text: 'The output follows in the next message.',
      image: PNG,
    },
  ],
  [
    'a computer of the preview',
    {
      tool: {
        type: 'computer_use_preview',
        display_width: 800,
        display_height: 600,
        environment: 'browser',
      },
      name: 'computer_use_preview',
      said: { action: click },
      item: { type: 'computer_call', action: click, pending_safety_checks: [] },
      output: screenshot,
      text: 'The output follows in the next message.',
      image: PNG,
    },
  ],
];

describe.each(ROWS)('%s', (_name, { tool, name, said, item, output, text, image }) => {
  const tools = [tool];
  const expected = { ...item, call_id: 'call_1', status: 'completed' };
  const answer: JsonObject = { ...output, call_id: 'call_1' };

  function callIn({ output: items }: ResponseBody): JsonObject {
    expect(items).toHaveLength(1);
    return items[0] as unknown as JsonObject;
  }

  /** What the model is shown of the call and its output. */
  function expectShown(request: { readonly body: JsonObject }): void {
    const messages = messagesOf(request);
    const at = messages.findIndex(({ tool_calls: calls }) => calls !== undefined);
    expect(messages[at]).toMatchObject({ tool_calls: [{ id: 'call_1', function: { name } }] });
    const [call] = messages[at]?.['tool_calls'] as { function: { arguments: string } }[];
    expect(JSON.parse(call?.function.arguments ?? '')).toEqual(said);
    expect(messages[at + 1]).toEqual({ role: 'tool', tool_call_id: 'call_1', content: text });
    if (image === undefined) return;
    expect(messages[at + 2]).toMatchObject({
      role: 'user',
      content: [{ type: 'text' }, { type: 'image_url', image_url: { url: image } }],
    });
  }

  it('is offered as a function that takes what it is called with', async () => {
    await client.created({ tools, tool_choice: 'auto' });
    const [declared] = upstream.requests[0]?.body['tools'] as { function: JsonObject }[];
    expect(declared?.function['name']).toBe(name);
    const parameters = declared?.function['parameters'] as JsonObject;
    expect(new Ajv().compile(parameters)(said)).toBe(true);
  });

  it.each(['streamed', 'whole'])('is called, answered and gone on from, %s', async (way) => {
    upstream.next(callsTools(toolCall('call_1', name, JSON.stringify(said))));
    const body = { tools, background: false };
    const first = way === 'whole' ? await client.created(body) : (await client.streamed(body)).response;
    expect(callIn(first)).toEqual({ ...expected, id: expect.stringMatching(/^[a-z]+_[0-9a-z]{32}$/) });
    expect(await client.found(first.id)).toEqual(first);

    const second = await client.created({ tools, previous_response_id: first.id, input: [answer] });
    expectShown(upstream.requests[1] ?? { body: {} });
    const page = (await (await client.inputItems(second.id)).json()) as { data: JsonObject[] };
    expect(page.data).toMatchObject([{ ...answer, status: answer['status'] ?? 'completed' }]);
    expect(page.data[0]?.['id']).toEqual(expect.stringMatching(/^item_[0-9a-z]{32}$/));

    // Without a store the client sends it all; the same output again changes nothing.
    const input = [{ role: 'user', content: 'Hi' }, callIn(first), answer, answer];
    await client.created({ tools, store: false, input });
    expectShown(upstream.requests[2] ?? { body: {} });
    await client.created({
      tools,
      previous_response_id: second.id,
      input: [answer, { role: 'user', content: 'x' }],
    });
    expectShown(upstream.requests[3] ?? { body: {} });
  });

  it('is called with what makes no sense, and is an item of its type all the same', async () => {
    upstream.next(callsTools(toolCall('call_1', name, '{"commands":7,"actions":{},"type":[]')));
    const { response } = await client.streamed({ tools });
    expect(callIn(response)).toMatchObject({ type: item['type'], call_id: 'call_1' });
  });

  it('can be demanded where it is known by name or type', async () => {
    if (tool['type'] === 'namespace') return;
    const choice = { type: tool['type'], ...(tool['name'] === undefined ? {} : { name: tool['name'] }) };
    upstream.always(completion('ok'));
    await client.created({ tools, tool_choice: choice });
    const allowed = { type: 'allowed_tools', mode: 'required', tools: [choice] };
    await client.created({ tools: [found, ...tools], tool_choice: allowed });
    const [demanded, limited] = upstream.requests.map(({ body }) => body);
    expect(demanded?.['tool_choice']).toEqual({ type: 'function', function: { name } });
    expect(limited).toMatchObject({ tool_choice: 'required', tools: [{ function: { name } }] });
  });
});
