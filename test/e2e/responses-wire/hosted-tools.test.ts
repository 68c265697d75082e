import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { ResponsesClient, SURFACES, type Surface } from '../../support/responses-client.js';
import {
  answersResponse,
  customCallItem,
  eventsOf,
  messageItem,
  reasoningItem,
  textPart,
  wireFrames,
  wireResponse,
} from '../../support/responses-wire.js';
import {
  startScriptedUpstream,
  type Handler,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';

const SEARCH: JsonObject = {
  id: 'ws_upstream',
  type: 'web_search_call',
  status: 'completed',
  action: { type: 'search', query: 'sky', queries: ['sky'] },
};
const CITED = textPart('It is sunny.', [
  { type: 'url_citation', start_index: 0, end_index: 5, url: 'https://example.org/sky', title: 'Sky' },
]);
const OUTPUT = [reasoningItem('gAAA=='), SEARCH, messageItem(CITED)];

/** With the stages of the search, as OpenAI tells them. */
function searches(): Handler {
  const response = wireResponse(OUTPUT);
  const place = { item_id: 'ws_upstream', output_index: 1 };
  const events = eventsOf(response).flatMap((event) =>
    event.type === 'response.output_item.done' && event['output_index'] === 1
      ? [
          ...['in_progress', 'searching', 'completed'].map((stage) => ({
            type: `response.web_search_call.${stage}`,
            ...place,
          })),
          { type: 'response.web_search_call.secret_stage', ...place },
          event,
        ]
      : [event],
  );
  return (exchange) =>
    exchange.request.body['stream'] === true ? exchange.end(wireFrames(...events)) : exchange.json(response);
}

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const file = fileFor(upstream.url, { provider: { wires: ['chat', 'responses'] } });
  const [model] = file.models as readonly JsonObject[];
  const [provider] = file.providers;
  const priced = { input: 1, output: 2, web_search_per_call: 0.01 };
  gateway = await TestGateway.start({
    file: {
      providers: [...file.providers, { ...provider, id: 'chatty', wires: ['chat'] }],
      models: [
        { ...model, pricing: priced },
        { ...model, id: 'unpriced' },
        {
          ...model,
          id: 'mixed',
          pricing: priced,
          targets: [
            { provider: 'upstream', model: 'm' },
            { provider: 'chatty', model: 'm', priority: 2 },
          ],
        },
      ],
    },
  });
});
beforeEach(async () => {
  upstream.reset();
  ({ key } = await gateway.createKey({ budget_limit: '100000000' }));
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** In atomic USDC. */
function providerAmount(receipt: unknown): number {
  return Number((receipt as { provider_amount_wei: string }).provider_amount_wei);
}

const client = (surface: Surface): ResponsesClient => new ResponsesClient(gateway.url, key, surface);
const ASKED: JsonObject = {
  model: 'test-model',
  input: 'What is the weather?',
  tools: [{ type: 'web_search', search_context_size: 'low', secret_field: 1 }],
  max_tool_calls: 3,
  include: ['web_search_call.action.sources'],
};
const shown = { ...SEARCH, id: expect.stringMatching(/^ws_[0-9a-z]{32}$/) };

describe('a search that the service makes by itself', () => {
  it.each(SURFACES)('is shown on %s as it came, but for its id, stored, and continued', async (surface) => {
    const responses = client(surface);
    upstream.next(searches()).next(searches());
    const { events, response } = await responses.streamed(ASKED);
    const whole = await responses.created(ASKED);
    for (const { output } of [response, whole, await responses.found(response.id)])
      expect(output).toMatchObject([{ type: 'reasoning' }, shown, { type: 'message' }]);
    const ofSearch = events.filter(({ type }) => type.startsWith('response.web_search_call.'));
    expect(ofSearch.map(({ type }) => type.split('.').at(-1))).toEqual([
      'in_progress',
      'searching',
      'completed',
    ]);
    const [, search, message] = response.output as unknown as readonly JsonObject[];
    const { id } = search!;
    expect(ofSearch.every((event) => event['item_id'] === id && event['output_index'] === 1)).toBe(true);
    expect(message?.['content']).toEqual([CITED]);

    upstream.next(answersResponse([messageItem(textPart('Bye.'))]));
    await responses.created({ ...ASKED, previous_response_id: response.id, input: 'Thanks' });
    const bodies = upstream.requests.map(({ body }) => body);
    expect(bodies[0]).toMatchObject({
      tools: [{ type: 'web_search', search_context_size: 'low' }],
      max_tool_calls: 3,
      include: ['reasoning.encrypted_content', 'web_search_call.action.sources'],
    });
    expect(JSON.stringify(bodies)).not.toMatch(/secret_field|ws_/);
    expect(bodies[2]?.['input']).toMatchObject([
      { role: 'user' },
      { type: 'reasoning', encrypted_content: 'gAAA==' },
      { type: 'web_search_call', status: 'completed', action: SEARCH['action'] },
      { role: 'assistant', content: 'It is sunny.' },
      { role: 'user' },
    ]);
  });

  it('is paid for by the call', async () => {
    upstream.next(answersResponse(OUTPUT)).next(answersResponse(OUTPUT));
    const charged = async (body: JsonObject): Promise<number> =>
      providerAmount((await client('/v1').created({ ...ASKED, ...body })).compose_receipt);
    const [searching, plain] = [await charged({}), await charged({ tools: [] })];
    expect([searching, plain].every(Number.isFinite)).toBe(true);
    expect(searching - plain).toBeCloseTo(10_000, 0);
  });

  it.each(['unpriced', 'mixed'])('is left out of what goes up for the model %s', async (model) => {
    upstream.next(answersResponse([messageItem(textPart('Hm.'))]));
    const response = await client('/v1').created({ ...ASKED, model });
    expect(upstream.requests[0]?.body).not.toHaveProperty('tools');
    expect((response as unknown as JsonObject)['tools']).toMatchObject([{ type: 'web_search' }]);
    await expect(
      client('/v1').created({ ...ASKED, model, tool_choice: { type: 'web_search' } }),
    ).rejects.toThrow(/unsupported_parameter/);
  });

  it('may be demanded', async () => {
    upstream.next(searches()).next(searches());
    await client('/v1').created({ ...ASKED, tool_choice: { type: 'web_search' } });
    const allowed = { type: 'allowed_tools', mode: 'required', tools: [{ type: 'web_search' }] };
    await client('/v1').created({ ...ASKED, tool_choice: allowed });
    const [named, limited] = upstream.requests.map(({ body }) => body['tool_choice']);
    expect([named, limited]).toEqual([{ type: 'web_search' }, 'required']);
  });
});

describe('what else only the Responses API has', () => {
  it('is kept: items of types that are not known, and the phases of messages', async () => {
    const mystery = { id: 'my_1', type: 'mystery_call', status: 'completed', result: { a: 1 } };
    const said = (text: string, phase: string): JsonObject => ({ ...messageItem(textPart(text)), phase });
    upstream
      .next(answersResponse([mystery, said('I look.', 'commentary'), said('Sun.', 'final_answer')]))
      .next(answersResponse([messageItem(textPart('Bye.'))]));
    const responses = client('/external/v1');
    const first = await responses.created({ model: 'test-model', input: 'Hi' });
    expect(first.output).toMatchObject([
      { ...mystery, id: expect.stringMatching(/^ws_/) },
      { type: 'message', phase: 'commentary' },
      { type: 'message', phase: 'final_answer' },
    ]);
    await responses.created({ model: 'test-model', input: 'Thanks', previous_response_id: first.id });
    expect(upstream.requests[1]?.body['input']).toMatchObject([
      { role: 'user' },
      { role: 'assistant', content: 'I look.', phase: 'commentary' },
      { role: 'assistant', content: 'Sun.', phase: 'final_answer' },
      { role: 'user' },
    ]);
  });

  it('goes up as it is: custom tools with their grammars, and their calls', async () => {
    const format = { type: 'grammar', syntax: 'lark', definition: 'start: "a"' };
    const tool = { type: 'custom', name: 'patch', description: 'Patches.', format };
    upstream
      .next(answersResponse([customCallItem('call_p', 'patch', '*** Begin "x"')]))
      .next(answersResponse([messageItem(textPart('Done.'))]));
    const responses = client('/external/v1');
    const body = { model: 'test-model', tools: [tool], tool_choice: { type: 'custom', name: 'patch' } };
    const { response } = await responses.streamed({ ...body, input: 'Patch it' });
    expect(response.output).toMatchObject([
      { type: 'custom_tool_call', call_id: 'call_p', name: 'patch', input: '*** Begin "x"' },
    ]);
    const output = { type: 'custom_tool_call_output', call_id: 'call_p', output: 'ok' };
    await responses.created({ ...body, input: [output], previous_response_id: response.id });
    const [first, second] = upstream.requests.map(({ body: sent }) => sent);
    expect(first).toMatchObject({ tools: [tool], tool_choice: { type: 'custom', name: 'patch' } });
    expect(second?.['input']).toMatchObject([
      { role: 'user' },
      { type: 'custom_tool_call', call_id: 'call_p', name: 'patch', input: '*** Begin "x"' },
      output,
    ]);
  });
});

it('is not searched for a summary of the conversation', async () => {
  upstream.next(answersResponse([messageItem(textPart('A summary.'))]));
  const input = [{ role: 'user', content: 'Hi' }, { type: 'compaction_trigger' }];
  await client('/v1').created({ ...ASKED, input });
  const { body } = await upstream.arrived(0);
  expect([body['tools'], body['max_tool_calls'], body['tool_choice']]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
