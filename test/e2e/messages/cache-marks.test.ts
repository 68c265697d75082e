import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject, JsonValue } from '../../../src/base/json.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { MessagesClient } from '../../support/messages-client.js';
import { refusal, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';

const MARK = { cache_control: { type: 'ephemeral' } };
const HOUR = { cache_control: { type: 'ephemeral', ttl: '1h' } };
const PNG = { type: 'base64', media_type: 'image/png', data: 'AAAA' };
const IMAGE = { image_url: { url: 'data:image/png;base64,AAAA' } };

/** A mark in each place that Anthropic's API has for one. */
const MARKED: JsonObject = {
  cache_control: HOUR.cache_control,
  system: [
    { type: 'text', text: 'x-anthropic-billing-header: cc_version=1' },
    { type: 'text', text: 'One.', ...HOUR },
    { type: 'text', text: 'Two.' },
  ],
  tools: [{ name: 'f', input_schema: { type: 'object' }, ...MARK }],
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Look.', cache_control: { type: 'ephemeral', ttl: '2h', more: 1 } },
        { type: 'image', source: PNG, ...MARK },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'Well.', ...MARK },
        { type: 'tool_use', id: 'toolu_1', name: 'f', input: {}, ...MARK },
        { type: 'tool_use', id: 'toolu_2', name: 'f', input: {} },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'toolu_1', content: 'sun', ...MARK },
        { type: 'tool_result', tool_use_id: 'toolu_2', content: [{ type: 'image', source: PNG }], ...MARK },
        { type: 'text', text: 'So?', cache_control: null },
      ],
    },
  ],
};

/** What a provider gets of it, with this at the places of marks. */
function goesUp(mark: JsonObject, hour: JsonObject): JsonObject {
  const isMarked = Object.keys(mark).length > 0;
  const text = (said: string): JsonValue => (isMarked ? [{ type: 'text', text: said, ...mark }] : said);
  const call = (id: string, own: JsonObject): JsonObject => ({
    id,
    type: 'function',
    function: { name: 'f', arguments: '{}' },
    ...own,
  });
  return {
    ...hour,
    messages: [
      {
        role: 'system',
        content: isMarked
          ? [
              { type: 'text', text: 'One.', ...hour },
              { type: 'text', text: 'Two.' },
            ]
          : 'One.\n\nTwo.',
      },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look.', ...mark },
          { type: 'image_url', ...IMAGE, ...mark },
        ],
      },
      {
        role: 'assistant',
        content: text('Well.'),
        tool_calls: [call('toolu_1', mark), call('toolu_2', {})],
      },
      { role: 'tool', tool_call_id: 'toolu_1', content: text('sun') },
      { role: 'tool', tool_call_id: 'toolu_2', content: 'The output follows in the next message.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Output of tool call toolu_2:' },
          { type: 'image_url', ...IMAGE, ...mark },
        ],
      },
      { role: 'user', content: 'So?' },
    ],
    tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } }, ...mark }],
  };
}

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let client: MessagesClient;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const file = fileFor(upstream.url);
  const [provider] = file.providers;
  const [model] = file.models;
  const marking = { ...provider, id: 'marking', cache_control: true };
  const priced = { ...model, pricing: { input: 1, output: 2, cache_write_1h: 3 } };
  gateway = await TestGateway.start({
    file: {
      providers: [provider, marking],
      models: [
        model,
        { ...priced, id: 'marking', targets: [{ provider: 'marking', model: 'm' }] },
        {
          ...priced,
          id: 'either',
          targets: [
            { provider: 'marking', model: 'm' },
            { provider: 'upstream', model: 'm', priority: 2 },
          ],
        },
      ],
    },
  });
  const { key } = await gateway.createKey({ budget_limit: '100000000' });
  client = new MessagesClient(gateway.url, { 'x-api-key': key });
});
beforeEach(() => upstream.reset());
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

describe('marks of the prompt cache in a Message', () => {
  it('stay in each of their places for a chat provider that takes them', async () => {
    await client.message({ ...MARKED, model: 'marking' });
    const { messages, tools, cache_control } = upstream.requests[0]!.body;
    expect({ messages, tools, cache_control }).toEqual(goesUp(MARK, HOUR));
  });

  it('are left out for others', async () => {
    await client.message(MARKED);
    const { body, text } = upstream.requests[0]!;
    expect({ messages: body['messages'], tools: body['tools'] }).toEqual(goesUp({}, {}));
    expect(text).not.toContain('cache_control');
  });

  it('go to those targets of a model alone that take them', async () => {
    upstream.next(refusal(500));
    await client.message({ ...MARKED, model: 'either' });
    const [first, second] = upstream.requests.map(({ body }) => body);
    expect(first).toMatchObject(goesUp(MARK, HOUR));
    expect(second).toMatchObject(goesUp({}, {}));
  });

  it('are held for at the price of an hour where one asks for that', async () => {
    const { key } = await gateway.createKey({ budget_limit: '300' });
    const poor = new MessagesClient(gateway.url, { 'x-api-key': key });
    const ask = async (mark: object): Promise<number> => {
      const content = [{ type: 'text', text: 'a'.repeat(200), ...mark }];
      const body = { model: 'marking', max_tokens: 1, messages: [{ role: 'user', content }] };
      return (await poor.create(body)).status;
    };
    expect([await ask(HOUR), await ask(MARK)]).toEqual([402, 200]);
  });

  it('are of one call: a thread keeps none', async () => {
    const { id } = await client.message({ ...MARKED, model: 'marking', thread: { type: 'create' } });
    const thread = { type: 'continue', previous_message_id: id };
    await client.message({ model: 'marking', thread });
    expect(upstream.requests[0]?.text).toContain('cache_control');
    expect(upstream.requests[1]?.text).not.toContain('cache_control');
    expect(upstream.requests[1]?.text).toContain('Look.');
  });
});
