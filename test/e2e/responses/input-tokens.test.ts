import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { TestGateway } from '../../support/gateway.js';
import { refusalOf } from '../../support/refusal-of.js';

let gateway: TestGateway;
let key: string;
let keyId: string;

beforeAll(async () => {
  gateway = await TestGateway.start();
  ({ key, id: keyId } = await gateway.createKey({ budget_limit: '100000000' }));
});
afterAll(() => gateway.close());

const model = 'sandbox/echo';

function clientOn(path: string): OpenAI {
  return new OpenAI({ apiKey: key, baseURL: `${gateway.url}${path}`, maxRetries: 0 });
}

function send(body: object, { path = '/v1', as = key } = {}): Promise<Response> {
  return fetch(`${gateway.url}${path}/responses/input_tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function count(body: object): Promise<number> {
  const response = await send({ model, ...body });
  expect(response.status).toBe(200);
  const answer = (await response.json()) as { object: string; input_tokens: number };
  expect(Object.keys(answer)).toEqual(['object', 'input_tokens']);
  expect(answer.object).toBe('response.input_tokens');
  return answer.input_tokens;
}

describe.each(['/v1', '/external/v1'])('%s/responses/input_tokens', (path) => {
  it('answers the stock SDK', async () => {
    const counted = await clientOn(path).responses.inputTokens.count({ model, input: 'Hello world' });
    expect(counted).toEqual({ object: 'response.input_tokens', input_tokens: 2 });
  });
});

describe('what is counted', () => {
  it('is everything that the model would read', async () => {
    const bare = await count({ input: 'Hello world' });
    const instructed = await count({ input: 'Hello world', instructions: 'Answer in French.' });
    const tooled = await count({
      input: 'Hello world',
      tools: [{ type: 'function', name: 'weather', parameters: { type: 'object', properties: {} } }],
    });
    const image = { type: 'input_image', image_url: 'data:image/png;base64,AAAA' };
    const seen = await count({
      input: [{ role: 'user', content: [{ type: 'input_text', text: 'Hello world' }, image] }],
    });
    expect(bare).toBe(2);
    expect(instructed).toBeGreaterThan(bare);
    expect(tooled).toBeGreaterThan(bare);
    expect(seen).toBeGreaterThan(bare + 50);
  });

  it('includes what is continued and what is referred to', async () => {
    const first = await clientOn('/v1').responses.create({ model, input: 'one two three four five' });
    const bare = await count({ input: 'Hello' });
    const chained = await count({ input: 'Hello', previous_response_id: first.id });
    expect(chained).toBe(bare + 10);
    const message = first.output[0]?.id ?? '';
    const referred = await count({ input: [{ type: 'item_reference', id: message }] });
    expect(referred).toBe(5);
  });

  it('costs nothing and is kept nowhere', async () => {
    const before = await gateway.keyBudget(keyId);
    const { rows: earlier } = await gateway.pool.query('SELECT id FROM responses');
    await count({ input: 'Hello' });
    expect(await gateway.keyBudget(keyId)).toEqual(before);
    expect((await gateway.pool.query('SELECT id FROM responses')).rows).toEqual(earlier);
    expect((await gateway.pool.query('SELECT id FROM holds')).rows).toEqual([]);
  });
});

describe('what is refused', () => {
  it('is a key that does not live, before anything else', async () => {
    const refusal = await refusalOf(await send({ model: 'nope' }, { as: 'compose-nobodynobodynobody' }));
    expect(refusal).toMatchObject({ status: 401, error: { code: 'invalid_api_key' } });
    const { key: revoked, id } = await gateway.createKey();
    await gateway.pool.query('UPDATE api_keys SET revoked_at = now() WHERE id = $1', [id]);
    const dead = await refusalOf(await send({ model, input: 'Hello' }, { as: revoked }));
    expect(dead).toMatchObject({ status: 401, error: { code: 'revoked_api_key' } });
  });

  it.each([
    [{ input: 'Hello' }, 400, 'missing_required_parameter', 'model'],
    [{ model: 'nope', input: 'Hello' }, 404, 'model_not_found', 'model'],
    [{ model }, 400, 'missing_required_parameter', 'input'],
    [{ model, input: [{ role: 'user', content: 7 }] }, 400, 'invalid_value', 'input[0].content'],
    [
      { model, input: 'Hello', previous_response_id: 'resp_none' },
      400,
      'previous_response_not_found',
      'previous_response_id',
    ],
  ])('is %j', async (body, status, code, param) => {
    expect(await refusalOf(await send(body))).toMatchObject({ status, error: { code, param } });
  });
});
