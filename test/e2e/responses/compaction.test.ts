import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type OpenAI from 'openai';
import { expectSoundBooks } from '../../support/books.js';
import { messagesOf } from '../../support/chat-scripts.js';
import { chatAnswer, chatUsage } from '../../support/chat-wire.js';
import { fileFor, TestGateway, type CreatedKey } from '../../support/gateway.js';
import { receipts } from '../../support/ledger-state.js';
import { refusalOf } from '../../support/refusal-of.js';
import { ResponsesClient, textOf, type ResponseBody, type Surface } from '../../support/responses-client.js';
import { completion, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';
import {
  COMPACTING,
  LONG,
  ONE_CALL,
  SUMMARY,
  TRIGGER,
  TURNS,
  TWO_CALLS,
  types,
} from './compaction-bodies.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let created: CreatedKey;
let client: ResponsesClient;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
});
beforeEach(async () => {
  upstream.reset();
  created = await gateway.createKey({ budget_limit: '10000000' });
  client = clientOn('/external/v1');
});
afterEach(() => expectSoundBooks(gateway.pool));
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

function clientOn(surface: Surface): ResponsesClient {
  return new ResponsesClient(gateway.url, created.key, surface);
}

function summarises(text: string): void {
  upstream.next(completion(text, chatUsage(100, 50)));
}

const answers = summarises;

/** Role and text of each message of a request that the upstream got. */
function saidIn(position: number): readonly (readonly [unknown, unknown])[] {
  const request = upstream.requests.at(position);
  return request ? messagesOf(request).map(({ role, content }) => [role, content] as const) : [];
}

async function charged(): Promise<readonly number[]> {
  return (await receipts(gateway.pool, created.id)).map(({ finalAmount }) => finalAmount);
}

async function ended(id: string): Promise<ResponseBody> {
  await until(async () => !['queued', 'in_progress'].includes((await client.found(id)).status ?? ''));
  return client.found(id);
}

/** A response, in every way in which it can be asked for. */
const WAYS: readonly (readonly [string, (body: object) => Promise<ResponseBody>])[] = [
  ['whole', (body) => client.created(body)],
  ['streamed', async (body) => (await client.streamed(body)).response],
  ['in the background', async (body) => ended((await client.created({ ...body, background: true })).id)],
  [
    'streamed in the background',
    async (body) => (await client.streamed({ ...body, background: true })).response,
  ],
];

describe.each(WAYS)('a response, %s', (_, ask) => {
  it('is one compaction where its input ends with a trigger', async () => {
    summarises('They met.');
    const response = await ask({
      input: [...TURNS, TRIGGER],
      instructions: 'You listen.',
      tools: [{ type: 'function', name: 'sing' }],
      text: { format: { type: 'json_schema', name: 'song', schema: { type: 'object' } } },
      max_output_tokens: 16,
    });
    expect(response).toMatchObject({ status: 'completed', usage: { input_tokens: 100, output_tokens: 50 } });
    expect(response.output).toEqual([
      {
        type: 'compaction',
        id: expect.stringMatching(/^cmp_[0-9a-z]{32}$/) as unknown,
        encrypted_content: expect.stringMatching(/^[A-Za-z0-9_-]+$/) as unknown,
      },
    ]);
    expect(await client.found(response.id)).toEqual(response);
    expect(upstream.requests).toHaveLength(1);
    expect(saidIn(0).slice(0, -1)).toEqual([
      ['system', 'You listen.'],
      ['system', 'Be brief.'],
      ['user', LONG],
      ['assistant', 'I see.'],
    ]);
    for (const field of ['tools', 'response_format'])
      expect(upstream.requests[0]?.body).not.toHaveProperty(field);
    expect(await charged()).toEqual([ONE_CALL]);
  });

  it('begins with a compaction where the context counts more than it should', async () => {
    summarises('They met.');
    answers('Fine.');
    const response = await ask({
      ...COMPACTING,
      input: [...TURNS, { role: 'user', content: 'How are you?' }],
    });
    expect(types(response)).toEqual(['compaction', 'message']);
    expect(textOf(response)).toBe('Fine.');
    expect(response.usage).toMatchObject({ input_tokens: 200, output_tokens: 100, total_tokens: 300 });
    expect(await client.found(response.id)).toEqual(response);
    expect(saidIn(0).slice(0, -1)).toEqual([
      ['system', 'Be brief.'],
      ['user', LONG],
      ['assistant', 'I see.'],
    ]);
    const begun = [
      ['system', 'Be brief.'],
      ['user', `${SUMMARY}They met.`],
      ['user', 'How are you?'],
    ];
    expect(saidIn(1)).toEqual(begun);
    expect(await charged()).toEqual([TWO_CALLS]);

    const next = await ask({ ...COMPACTING, input: 'And now?', previous_response_id: response.id });
    expect(types(next)).toEqual(['message']);
    expect(saidIn(2)).toEqual([...begun, ['assistant', 'Fine.'], ['user', 'And now?']]);
  });
});

describe('what is compacted', () => {
  it('is only what counts more than the threshold, and only where something would go', async () => {
    await client.created({
      ...COMPACTING,
      input: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Yes?' },
      ],
    });
    await client.created({ ...COMPACTING, input: LONG });
    await client.created({
      context_management: [{ type: 'edit' }],
      input: [...TURNS, { role: 'user', content: 'Hi' }],
    });
    expect(upstream.requests).toHaveLength(3);
  });

  it('keeps what a client sends before the compaction that it asked for, as Codex does', async () => {
    summarises('They met.');
    const { output } = await client.created({ input: [...TURNS, TRIGGER], store: false });
    const next = await client.created({
      input: [{ role: 'user', content: 'Tell me a story.' }, ...output, { role: 'user', content: 'Go on.' }],
    });
    const said = [
      ['user', 'Tell me a story.'],
      ['user', `${SUMMARY}They met.`],
      ['user', 'Go on.'],
    ];
    expect(saidIn(1)).toEqual(said);
    await client.created({ input: 'More.', previous_response_id: next.id });
    expect(saidIn(2)).toEqual([...said, ['assistant', 'Hello!'], ['user', 'More.']]);
  });

  it('is what a chain begins with from then on', async () => {
    const first = await client.created({ input: TURNS.slice(0, 2) });
    summarises('They met.');
    const compacted = await client.created({ input: [TRIGGER], previous_response_id: first.id });
    expect(saidIn(1).map(([role]) => role)).toEqual(['system', 'user', 'assistant', 'user']);
    await client.created({ input: 'Hi', previous_response_id: compacted.id });
    expect(saidIn(2)).toEqual([
      ['system', 'Be brief.'],
      ['user', `${SUMMARY}They met.`],
      ['user', 'Hi'],
    ]);
  });

  it.each([
    ['with a trigger', { input: [TRIGGER] }, 1],
    ['by its size', { input: 'And?', ...COMPACTING }, 2],
  ])('is what a conversation begins with from then on: %s', async (_, body, calls) => {
    const made = await fetch(`${gateway.url}/external/v1/conversations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${created.key}` },
      body: JSON.stringify({ items: TURNS }),
    });
    const { id: conversation } = (await made.json()) as { id: string };
    upstream.always(completion('They met.'));
    await client.created({ ...body, conversation });
    await client.created({ input: 'Hi', conversation });
    const [first, second, ...rest] = saidIn(calls);
    expect([first, second]).toEqual([
      ['system', 'Be brief.'],
      ['user', `${SUMMARY}They met.`],
    ]);
    expect(rest.at(-1)).toEqual(['user', 'Hi']);
    expect(JSON.stringify(rest)).not.toContain('story');
  });

  it('is not sent up by who keeps all items either', async () => {
    summarises('They met.');
    answers('Fine.');
    const asked = [...TURNS, { role: 'user', content: 'How are you?' }];
    const { output } = await client.created({ ...COMPACTING, input: asked, store: false });
    await client.created({ ...COMPACTING, input: [...asked, ...output, { role: 'user', content: 'Good.' }] });
    expect(saidIn(2)).toEqual([
      ['system', 'Be brief.'],
      ['user', `${SUMMARY}They met.`],
      ['user', 'How are you?'],
      ['assistant', 'Fine.'],
      ['user', 'Good.'],
    ]);
  });

  it('has the outputs of tools in it: the model goes on from the summary', async () => {
    const calls = [
      { type: 'function_call', call_id: 'call_1', name: 'read', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_1', output: LONG },
    ];
    const input = [{ role: 'user', content: 'Read.' }, ...calls];
    summarises('It was long.');
    answers('Done.');
    const response = await client.created({
      ...COMPACTING,
      input,
      tools: [{ type: 'function', name: 'read' }],
    });
    expect(types(response)).toEqual(['compaction', 'message']);
    expect(saidIn(1)).toEqual([['user', `${SUMMARY}It was long.`]]);
    expect(upstream.requests[1]?.body).toHaveProperty('tools');
  });

  it('may be called again after it, in the same response', async () => {
    summarises('They met.');
    const tool_calls = [{ id: 'call_9', type: 'function', function: { name: 'sing', arguments: '{}' } }];
    upstream.next((exchange) => exchange.json(chatAnswer({ content: null, tool_calls }, 'tool_calls')));
    const tools = [{ type: 'function', name: 'sing' }];
    const response = await client.created({
      ...COMPACTING,
      tools,
      input: [...TURNS, { role: 'user', content: 'Sing.' }],
    });
    expect(types(response)).toEqual(['compaction', 'function_call']);
    const output = { type: 'function_call_output', call_id: 'call_9', output: 'La.' };
    await client.created({ input: [output], previous_response_id: response.id });
    expect(saidIn(2).map(([role]) => role)).toEqual(['system', 'user', 'user', 'assistant', 'tool']);
  });

  it('is the same however often it is asked for with one key', async () => {
    const ask = async (): Promise<string> =>
      (
        await fetch(`${gateway.url}/external/v1/responses`, {
          method: 'POST',
          headers: { authorization: `Bearer ${created.key}`, 'idempotency-key': 'compact-once' },
          body: JSON.stringify({ model: 'test-model', stream: true, input: [...TURNS, TRIGGER] }),
        })
      ).text();
    const first = await ask();
    expect(first).toContain('"type":"compaction"');
    expect(await ask()).toBe(first);
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('a trigger', () => {
  it.each<readonly [string, object, string]>([
    ['in the middle', { input: [TRIGGER, { role: 'user', content: 'Hi' }] }, 'input[0]'],
    ['twice', { input: [{ role: 'user', content: 'Hi' }, TRIGGER, TRIGGER] }, 'input[1]'],
    ['of nothing', { input: [TRIGGER] }, 'input'],
  ])('%s is refused', async (_, body, param) => {
    expect(await refusalOf(await client.create(body))).toMatchObject({ status: 400, error: { param } });
    expect(upstream.requests).toHaveLength(0);
  });

  it('belongs to its account', async () => {
    summarises('A secret.');
    const { output } = await client.created({ input: [...TURNS, TRIGGER] });
    created = await gateway.createKey({ account: 'foreign', budget_limit: '1000000' });
    const refused = await clientOn('/external/v1').create({
      input: output as OpenAI.Responses.ResponseInput,
    });
    expect(await refusalOf(refused)).toMatchObject({
      status: 400,
      error: { param: 'input[0].encrypted_content' },
    });
  });
});
