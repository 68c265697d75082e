import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../../support/books.js';
import { chatChunk, sse } from '../../support/chat-wire.js';
import { fileFor, TestGateway, type CreatedKey } from '../../support/gateway.js';
import { receipts } from '../../support/ledger-state.js';
import { recordedJson, replayed } from '../../support/recorded-answers.js';
import { refusalOf } from '../../support/refusal-of.js';
import { checkedStream, ResponsesClient, SURFACES, textOf } from '../../support/responses-client.js';
import { refusal, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let created: CreatedKey;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
});
beforeEach(async () => {
  upstream.reset();
  created = await gateway.createKey({ budget_limit: '1000000' });
});
afterEach(() => expectSoundBooks(gateway.pool));
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

async function lastId(): Promise<string> {
  const { rows } = await gateway.pool.query<{ id: string }>(
    'SELECT id FROM responses ORDER BY finished_at DESC LIMIT 1',
  );
  return rows[0]!.id;
}

/** The last column is what the record says, whose codes are OpenAI's, and the one for a full context. */
const REFUSALS = [
  [400, { code: 'whatever', param: 'temperature' }, 400, 'invalid_value', 'invalid_prompt'],
  [400, { code: 'context_length_exceeded' }, 400, 'context_length_exceeded', 'context_length_exceeded'],
  [400, { code: 'content_filter' }, 400, 'content_filter', 'invalid_prompt'],
  [401, {}, 502, 'upstream_error', 'server_error'],
  [402, {}, 502, 'upstream_error', 'server_error'],
  [429, {}, 429, 'rate_limit_exceeded', 'rate_limit_exceeded'],
  [500, {}, 502, 'upstream_error', 'server_error'],
] as const;

describe.each(SURFACES)('an upstream that fails on %s', (surface) => {
  const native = surface === '/v1';
  const clientOf = (): ResponsesClient => new ResponsesClient(gateway.url, created.key, surface);

  describe.each([{ stream: true }, { stream: false }])('before the first frame (%j)', (body) => {
    it.each(REFUSALS)('with %i %j is a refusal, and the record has failed', async (...one) => {
      const [upstreamStatus, upstreamError, status, code, told] = one;
      upstream.always(refusal(upstreamStatus, upstreamError));
      const client = clientOf();
      const { error, ...answer } = await refusalOf(await client.create(body));
      expect({ status: answer.status, code: error.code }).toEqual({ status, code });
      expect(error.message).not.toContain('upstream text');
      const stored = await client.found(await lastId());
      expect(stored).toMatchObject({ status: 'failed', output: [], usage: null, completed_at: null });
      expect(stored.error).toEqual({ code: told, message: error.message });
      expect(await receipts(gateway.pool, created.id)).toEqual([]);
      const replay = await checkedStream(await client.find(stored.id, '?stream=true'));
      expect(replay.response).toEqual(stored);
    });
  });

  it.each([
    [{ reasoning: { effort: 'minimal' } }, 'reasoning_effort', 'reasoning.effort'],
    [
      { text: { format: { type: 'json_schema', name: 'x', schema: { type: 'object' } } } },
      'response_format.json_schema.schema',
      'text.format.schema',
    ],
    [{ max_output_tokens: 16 }, 'max_completion_tokens', 'max_output_tokens'],
    [{}, 'max_completion_tokens', null],
    [{}, 'messages[3].content', 'input'],
  ])('that refuses a field of %j says what the client calls it', async (body, param, expected) => {
    upstream.always(refusal(400, { param, code: 'unsupported_value', message: 'upstream text' }));
    const { error } = await refusalOf(await clientOf().create(body));
    expect(error).toMatchObject({ code: 'invalid_value', param: expected });
    expect(error.message).not.toContain('upstream text');
  });

  it('because the context is full says so in the words that clients look for', async () => {
    const words =
      /^This model's maximum context length is \d+ tokens\. However, your input resulted in 33056 tokens\. /;
    const refused = 'llama-cpp-context-full.400.json';
    const frame = sse(recordedJson(refused));
    upstream.next(replayed(refused));
    const { error } = await refusalOf(await clientOf().create());
    expect(error).toMatchObject({ code: 'context_length_exceeded', param: 'input' });
    expect(error.message).toMatch(words);
    upstream.next((exchange) => exchange.end(frame));
    const streamed = await refusalOf(await clientOf().create({ stream: true }));
    expect(streamed.error).toEqual(error);
    upstream.next((exchange) => exchange.end(sse(chatChunk({ content: 'The' })) + frame));
    const { response } = await checkedStream(await clientOf().create({ stream: true }));
    expect(response.error).toEqual({ code: 'context_length_exceeded', message: error.message });
  });

  it.each([
    ['a broken connection', '', 'server_error', 'server_error'],
    ['a frame that is no JSON', 'data: {nonsense\n\n', 'server_error', 'server_error'],
    [
      'an error in the stream',
      sse({ error: { message: 'upstream text', code: 'overloaded' } }),
      'server_error',
      'server_error',
    ],
    ['its filter', sse({ error: { code: 'content_filter' } }), 'invalid_prompt', 'invalid_value'],
  ])('in the middle with %s ends the stream as failed, and charges what had come', async (...one) => {
    const [, last, told, code] = one;
    upstream.next(async (exchange) => {
      await exchange.send(sse(chatChunk({ content: 'The' }), chatChunk({ content: ' quick' })));
      await exchange.send(last);
      if (last === '') exchange.breakConnection();
      else exchange.end();
    });
    const client = clientOf();
    const answer = await client.create({ stream: true });
    const { events, compose, response } = await checkedStream(answer);
    expect(events.slice(-2).map(({ type }) => type)).toEqual(['error', 'response.failed']);
    expect(JSON.stringify(events)).not.toContain('upstream text');
    expect(response).toMatchObject({ status: 'failed', error: { code: told } });
    expect(textOf(response)).toBe('The quick');
    expect(await client.found(response.id)).toEqual(response);
    expect(compose.map(({ event }) => event)).toEqual(native ? ['compose.error', 'compose.receipt'] : []);
    if (native) expect(compose[0]?.data).toMatchObject({ message: response.error!.message });
    const replay = await checkedStream(await client.find(response.id, '?stream=true'));
    // What is stored has the code of the Response; the receipt is the same.
    expect([replay.response, replay.compose.slice(1)]).toEqual([response, compose.slice(1)]);
    if (native) expect(replay.compose[0]?.data).toMatchObject({ code, message: response.error!.message });
    expect('compose_receipt' in response).toBe(native);
    expect(await receipts(gateway.pool, created.id)).toEqual([{ finalAmount: 6, estimated: true }]);
  });

  it('in the middle of a whole answer costs nothing, and the record has failed', async () => {
    upstream.always(async (exchange) => {
      exchange.head(200, { 'content-type': 'application/json' });
      await exchange.send('{"choices":');
      exchange.breakConnection();
    });
    const client = clientOf();
    const { status } = await refusalOf(await client.create());
    expect([502, 503]).toContain(status);
    expect((await client.found(await lastId())).status).toBe('failed');
    expect(await receipts(gateway.pool, created.id)).toEqual([]);
  });
});
