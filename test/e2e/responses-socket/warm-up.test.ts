import { describe, expect, it } from '@jest/globals';
import { messagesOf } from '../../support/chat-scripts.js';
import { ADMIN_TOKEN } from '../../support/gateway.js';
import { expectLegalEvents } from '../../support/response-event-checker.js';
import { ResponsesClient } from '../../support/responses-client.js';
import { expectValidEvent } from '../../support/response-event-schemas.js';
import { SocketFixture } from './socket-fixture.js';

const fixture = new SocketFixture();

const NOTHING = {
  input_tokens: 0,
  input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
  output_tokens: 0,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 0,
};
const weather = { type: 'function', name: 'get_weather', parameters: { type: 'object', properties: {} } };
const warm = { generate: false, instructions: 'Be brief.', tools: [weather], input: 'one' };

/** What the upstream was shown by its only request. */
async function shown(): Promise<readonly unknown[]> {
  const messages = messagesOf(await fixture.upstream.arrived(0)).map(({ content }) => content);
  expect(fixture.upstream.requests).toHaveLength(1);
  return messages;
}

async function rowsOf(table: string): Promise<readonly unknown[]> {
  const { rows } = await fixture.gateway.pool.query<object>(`SELECT * FROM ${table} ORDER BY 1`);
  return rows;
}

describe.each([true, false])('a response that generates nothing, with store: %s', (store) => {
  it.each(['/v1', '/external/v1'])('has three events and no price on %s', async (path) => {
    const client = await fixture.open({ path });
    const before = await Promise.all(['api_keys', 'ledger', 'receipts'].map(rowsOf));
    const events = await client.turn({ ...warm, store });
    expect(events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.completed',
    ]);
    events.forEach(expectValidEvent);
    const response = expectLegalEvents(events);
    expect(response).toMatchObject({ status: 'completed', output: [], usage: NOTHING, store });
    expect(response).not.toHaveProperty('compose_receipt');
    // What it says comes before what is asked next.
    await client.refusal('{}');
    expect(client.messages).toHaveLength(4);
    expect(fixture.upstream.requests).toHaveLength(0);
    expect(await Promise.all(['api_keys', 'ledger', 'receipts'].map(rowsOf))).toEqual(before);
  });

  it.each([
    ['with more', 'two', ['Be brief.', 'one', 'two']],
    ['with nothing more', [], ['Be brief.', 'one']],
  ])('is continued %s', async (_, input, expected) => {
    const { id } = await fixture.client.response({ ...warm, store });
    const rest = { previous_response_id: id, input, instructions: 'Be brief.', tools: [weather], store };
    expect(await fixture.client.response(rest)).toMatchObject({
      status: 'completed',
      previous_response_id: id,
      usage: { total_tokens: 15 },
    });
    expect(await shown()).toEqual(expected);
  });

  it('continues, and is continued more than once', async () => {
    const first = await fixture.client.response({ input: 'one', store });
    fixture.upstream.reset();
    const then = { generate: false, input: 'two', previous_response_id: first.id, store };
    const { id } = await fixture.client.response(then);
    await fixture.client.response({ previous_response_id: id, input: 'three', store });
    expect(await shown()).toEqual(['one', 'Hello!', 'two', 'three']);
    const again = await fixture.client.response({ previous_response_id: id, input: 'four', store });
    expect(again).toMatchObject({ status: 'completed' });
  });

  it.each([
    ['instructions', { instructions: 'Be brief.' }],
    ['tools', { tools: [weather] }],
    ['nothing', {}],
  ])('may be of %s alone', async (_, body) => {
    const { id } = await fixture.client.response({ generate: false, input: [], store, ...body });
    await fixture.client.response({ previous_response_id: id, input: 'two', store });
    expect(await shown()).toEqual(['two']);
  });

  it('is there on its own socket only, unless it is stored', async () => {
    const { id } = await fixture.client.response({ ...warm, store });
    const http = new ResponsesClient(fixture.gateway.url, fixture.key);
    const found = await http.find(id);
    const continued = await http.create({ previous_response_id: id, input: 'two' });
    expect([found.status, continued.status]).toEqual(store ? [200, 200] : [404, 400]);
    if (!store) return;
    expect(await found.json()).toMatchObject({ id, status: 'completed', output: [], usage: NOTHING });
    expect(await shown()).toEqual(['one', 'two']);
    const items = (await (await http.inputItems(id)).json()) as { data: readonly object[] };
    expect(items.data).toMatchObject([{ role: 'user', content: [{ type: 'input_text', text: 'one' }] }]);
    expect((await http.erase(id)).status).toBe(200);
  });

  it('is in the lane that asked for it', async () => {
    const events = await fixture.client.turn({ ...warm, store, stream_id: 'a' });
    expect(events.map(({ stream_id }) => stream_id)).toEqual(['a', 'a', 'a']);
  });

  it('takes a live key', async () => {
    const { id, key } = await fixture.gateway.createKey({ budget_limit: '1000000' });
    const client = await fixture.open({ key });
    await fetch(`${fixture.gateway.url}/admin/keys/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    const message = { type: 'response.create', model: 'test-model', ...warm, store };
    expect(await client.refusal(message)).toMatchObject({
      status: 401,
      error: { code: 'revoked_api_key' },
    });
  });

  it('takes what it continues from with it when it is refused', async () => {
    const { id } = await fixture.client.response({ ...warm, store: false });
    const output = { type: 'function_call_output', call_id: 'none', output: '' };
    const wrong = { type: 'response.create', model: 'test-model', previous_response_id: id, input: [output] };
    for (const param of ['input', 'previous_response_id'])
      expect(await fixture.client.refusal({ ...wrong, generate: false, store })).toMatchObject({
        status: 400,
        error: { param },
      });
  });
});

it('`generate` means nothing over HTTP', async () => {
  const http = new ResponsesClient(fixture.gateway.url, fixture.key);
  expect((await http.created({ generate: false })).output).toHaveLength(1);
});
