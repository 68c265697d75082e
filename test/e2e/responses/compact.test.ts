import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import type { JsonObject } from '../../../src/base/json.js';
import { chatAnswer, chatUsage } from '../../support/chat-wire.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { refusalOf } from '../../support/refusal-of.js';
import { completion, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let key: string;
let keyId: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
  ({ key, id: keyId } = await gateway.createKey({ budget_limit: '100000000' }));
});
beforeEach(() => upstream.reset());
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const model = 'test-model';
type Compacted = OpenAI.Responses.CompactedResponse & {
  readonly compose_receipt?: { final_amount_wei: string };
};

function clientOn(path: string, as = key): OpenAI {
  return new OpenAI({ apiKey: as, baseURL: `${gateway.url}${path}`, maxRetries: 0 });
}

function send(body: object, { path = '/v1', as = key } = {}): Promise<Response> {
  return fetch(`${gateway.url}${path}/responses/compact`, {
    method: 'POST',
    headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** A compaction whose summary is this text. */
async function compacted(summary: string, input: OpenAI.Responses.ResponseInput): Promise<Compacted> {
  upstream.next(completion(summary));
  return clientOn('/v1').responses.compact({ model, input });
}

function asInput({ output }: Compacted): OpenAI.Responses.ResponseInput {
  return output as OpenAI.Responses.ResponseInput;
}

/** Texts of the messages of the last request that the upstream got. */
function lastMessages(): readonly { readonly role: string; readonly content: string }[] {
  return upstream.requests.at(-1)?.body['messages'] as unknown as { role: string; content: string }[];
}

const CONVERSATION: OpenAI.Responses.ResponseInput = [
  { role: 'user', content: 'Plan a launch.' },
  { role: 'assistant', content: 'First, a date.' },
  { type: 'function_call', call_id: 'call_1', name: 'calendar', arguments: '{"month":5}' },
  { type: 'function_call_output', call_id: 'call_1', output: 'The 7th is free.' },
  { role: 'user', content: [{ type: 'input_text', text: 'Take the 7th.' }] },
];

describe.each(['/external/v1', '/v1'])('the stock SDK on %s', (path) => {
  it('compacts a conversation and goes on from what it got', async () => {
    upstream.next(completion('Launch on May 7th.', chatUsage(1000, 100)));
    const first = (await clientOn(path).responses.compact({
      model,
      input: CONVERSATION,
      instructions: 'You plan.',
    })) as Compacted;
    expect(first.id).toMatch(/^resp_[0-9a-z]{32}$/);
    expect(first.object).toBe('response.compaction');
    expect(Math.abs(first.created_at - Date.now() / 1000)).toBeLessThan(60);
    expect(first.output).toEqual([
      {
        type: 'message',
        role: 'user',
        id: expect.stringMatching(/^msg_/) as unknown,
        status: 'completed',
        content: [{ type: 'input_text', text: 'Plan a launch.' }],
      },
      {
        type: 'message',
        role: 'user',
        id: expect.stringMatching(/^msg_/) as unknown,
        status: 'completed',
        content: [{ type: 'input_text', text: 'Take the 7th.' }],
      },
      {
        type: 'compaction',
        id: expect.stringMatching(/^cmp_[0-9a-z]{32}$/) as unknown,
        encrypted_content: expect.stringMatching(/^[A-Za-z0-9_-]+$/) as unknown,
      },
    ]);
    expect(first.usage).toMatchObject({ input_tokens: 1000, output_tokens: 100, total_tokens: 1100 });
    expect('compose_receipt' in first).toBe(path === '/v1');

    const response = await clientOn(path).responses.create({
      model,
      input: [...asInput(first), { role: 'user', content: 'What is left?' }],
    });
    expect(response.status).toBe('completed');
    expect(lastMessages()).toEqual([
      { role: 'user', content: 'Plan a launch.' },
      { role: 'user', content: 'Take the 7th.' },
      { role: 'user', content: 'Summary of the conversation so far:\n\nLaunch on May 7th.' },
      { role: 'user', content: 'What is left?' },
    ]);
  });
});

describe('the call for a summary', () => {
  it('shows the model everything, then asks, and offers no tools', async () => {
    upstream.next(completion('Launch on May 7th.'));
    await send({
      model,
      input: [{ type: 'additional_tools', tools: [{ type: 'function', name: 'calendar' }] }, ...CONVERSATION],
      instructions: 'You plan.',
      tools: [{ type: 'function', name: 'calendar' }],
    });
    const messages = lastMessages();
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool', 'user', 'user']);
    expect(messages[0]?.content).toBe('You plan.');
    expect(messages.at(-1)?.content).toContain('summary');
    expect(upstream.requests.at(-1)?.body).not.toHaveProperty('tools');
  });

  it('is charged as any other, with a receipt, and stored nowhere', async () => {
    const before = await gateway.keyBudget(keyId);
    upstream.next(completion('Short.', chatUsage(1000, 500)));
    const response = await send({ model, input: 'Hello' });
    const body = (await response.json()) as Compacted;
    const charged = (await gateway.keyBudget(keyId)).spent - before.spent;
    expect(charged).toBeGreaterThan(0);
    expect(Number(body.compose_receipt?.final_amount_wei)).toBe(charged);
    expect(response.headers.has('x-compose-receipt')).toBe(true);
    expect(response.headers.get('x-compose-response-id')).toBe(body.id);
    const { rows } = await gateway.pool.query('SELECT id FROM responses WHERE id = $1', [body.id]);
    expect(rows).toEqual([]);
    await expect(clientOn('/v1').responses.retrieve(body.id)).rejects.toMatchObject({ status: 404 });
  });

  it('compacts a chain with what comes after it, and what was compacted before', async () => {
    const earlier = await compacted('They met.', [{ role: 'user', content: 'Hello.' }]);
    upstream.next(completion('Fine.'));
    const response = await clientOn('/v1').responses.create({
      model,
      input: [...asInput(earlier), { role: 'user', content: 'How are you?' }],
    });
    upstream.next(completion('They met and are fine.'));
    const later = await clientOn('/v1').responses.compact({
      model,
      previous_response_id: response.id,
      input: 'Good.',
    });
    expect(
      lastMessages()
        .slice(0, -1)
        .map(({ content }) => content),
    ).toEqual([
      'Hello.',
      'Summary of the conversation so far:\n\nThey met.',
      'How are you?',
      'Fine.',
      'Good.',
    ]);
    expect(later.output.map(({ type }) => type)).toEqual(['message', 'message', 'message', 'compaction']);
  });
});

describe('a compaction item', () => {
  it('is kept in a chain, listed as it was sent, and read again later', async () => {
    const first = await compacted('The sky is green.', [{ role: 'user', content: 'Remember.' }]);
    const response = await clientOn('/v1').responses.create({ model, input: asInput(first) });
    await clientOn('/v1').responses.create({
      model,
      previous_response_id: response.id,
      input: 'What colour?',
    });
    expect(lastMessages()[1]?.content).toContain('The sky is green.');
    const listed = await clientOn('/v1').responses.inputItems.list(response.id, { order: 'asc' });
    expect(listed.data).toEqual(first.output.map((item) => ({ status: 'completed', ...item })));
  });

  it('counts as input', async () => {
    const first = await compacted('one two three four five six', [{ role: 'user', content: 'Hi' }]);
    const [item] = asInput(first).slice(-1);
    if (!item) throw new Error('no compaction');
    const { input_tokens } = await clientOn('/v1').responses.inputTokens.count({ model, input: [item] });
    expect(input_tokens).toBeGreaterThan(6);
    expect(input_tokens).toBeLessThan(40);
  });

  it('is read by every replica, and by keys of its account only', async () => {
    const first = await compacted('A secret.', [{ role: 'user', content: 'Remember.' }]);
    const other = await TestGateway.start({ file: fileFor(upstream.url), database: gateway.database });
    try {
      const { key: sibling } = await gateway.createKey({ budget_limit: '1000000' });
      const elsewhere = new OpenAI({ apiKey: sibling, baseURL: `${other.url}/v1`, maxRetries: 0 });
      await elsewhere.responses.create({ model, input: asInput(first) });
      expect(lastMessages().at(-1)?.content).toContain('A secret.');
    } finally {
      await other.close();
    }
    const { key: foreign } = await gateway.createKey({ account: 'foreign', budget_limit: '1000000' });
    await expect(
      clientOn('/v1', foreign).responses.create({ model, input: asInput(first) }),
    ).rejects.toMatchObject({
      status: 400,
      code: 'invalid_value',
      param: 'input[1].encrypted_content',
    });
  });

  it('agrees on one secret when the first ones of an account come at once', async () => {
    const { key: fresh } = await gateway.createKey({ account: 'fresh', budget_limit: '10000000' });
    const client = clientOn('/v1', fresh);
    const all = await Promise.all(
      Array.from({ length: 8 }, () => client.responses.compact({ model, input: 'Hello' })),
    );
    const input = all.flatMap(({ output }) => output) as OpenAI.Responses.ResponseInput;
    expect((await client.responses.create({ model, input })).status).toBe('completed');
  });

  it('is refused with its path where it cannot be read, before anything is held', async () => {
    const [item] = asInput(await compacted('Hello.', [{ role: 'user', content: 'Hi' }])).slice(-1);
    const { encrypted_content: sealed } = item as unknown as { encrypted_content: string };
    const swapped = (sealed.startsWith('A') ? 'B' : 'A') + sealed.slice(1);
    for (const encrypted_content of [swapped, '', 'gAAAAABo-not-ours']) {
      const input = [
        { role: 'user', content: 'Hi' },
        { type: 'compaction', encrypted_content },
      ];
      for (const path of ['', '/compact', '/input_tokens']) {
        const refused = await fetch(`${gateway.url}/v1/responses${path}`, {
          method: 'POST',
          headers: { authorization: `Bearer ${key}` },
          body: JSON.stringify({ model, input }),
        });
        expect(await refusalOf(refused)).toMatchObject({
          status: 400,
          error: { code: 'invalid_value', param: 'input[1].encrypted_content' },
        });
      }
    }
  });
});

describe('what is refused', () => {
  it.each<[JsonObject, number, string, string]>([
    [{ input: 'Hello' }, 400, 'missing_required_parameter', 'model'],
    [{ model: null, input: 'Hello' }, 400, 'missing_required_parameter', 'model'],
    [{ model: 'nope', input: 'Hello' }, 404, 'model_not_found', 'model'],
    [{ model }, 400, 'missing_required_parameter', 'input'],
    [{ model, input: 7 }, 400, 'invalid_value', 'input'],
    [
      { model, previous_response_id: 'resp_none' },
      400,
      'previous_response_not_found',
      'previous_response_id',
    ],
  ])('is %j', async (body, status, code, param) => {
    expect(await refusalOf(await send(body))).toMatchObject({ status, error: { code, param } });
  });

  it('is a key that does not live, before anything else', async () => {
    const refusal = await refusalOf(await send({}, { as: 'compose-nobodynobodynobody' }));
    expect(refusal).toMatchObject({ status: 401, error: { code: 'invalid_api_key' } });
    const compaction = [{ type: 'compaction', encrypted_content: 'AAAA' }];
    const other = await refusalOf(
      await send({ model, input: compaction }, { as: 'compose-nobodynobodynobody' }),
    );
    expect(other).toMatchObject({ status: 401, error: { code: 'invalid_api_key' } });
  });

  it('is an answer without a summary, and it costs nothing', async () => {
    const before = await gateway.keyBudget(keyId);
    for (const message of [{ content: ' ' }, { content: null, refusal: 'No.' }]) {
      upstream.next((exchange) => exchange.json(chatAnswer(message)));
      const refused = await refusalOf(await send({ model, input: 'Hello' }));
      expect(refused).toMatchObject({ status: 502, error: { code: 'upstream_error' } });
    }
    expect(await gateway.keyBudget(keyId)).toEqual(before);
  });

  it('is what the upstream refuses', async () => {
    upstream.next((exchange) => exchange.json({ error: { message: 'no' } }, 400));
    const refused = await send({ model, input: 'Hello' });
    expect(refused.status).toBe(400);
  });
});
