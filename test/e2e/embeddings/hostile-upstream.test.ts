import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { encodeVector } from '../../../src/providers/embedding/vector.js';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import { refusalOf } from '../../support/refusal-of.js';
import {
  refusal,
  startScriptedUpstream,
  type Handler,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { expectBill, newPayer } from '../charging/bills.js';
import { embeddingsFile, embeds, listOf } from './embedding-upstream.js';

/** Stands in whatever the upstream says; no client may ever see it. */
const SECRET = 'org-acme-internal';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let payer: CreatedKey;
const log: string[] = [];

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({
    file: embeddingsFile(upstream.url, { provider: { timeout_ms: 20_000 } }),
    log,
  });
});
beforeEach(async () => {
  upstream.reset();
  payer = await newPayer(gateway);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

function send(body: object = {}): Promise<Response> {
  return fetch(`${gateway.url}/external/v1/embeddings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${payer.key}` },
    body: JSON.stringify({ model: 'test-embedding', input: ['one', 'two'], ...body }),
  });
}

const json =
  (body: unknown): Handler =>
  (exchange) =>
    exchange.json(body);
const raw =
  (bytes: string): Handler =>
  (exchange) => {
    exchange.head(200, { 'content-type': 'application/json' });
    exchange.end(bytes);
  };
const entry = (index: unknown, embedding: unknown) => ({ object: 'embedding', index, embedding });

describe('an answer that is none', () => {
  it.each<[string, Handler]>([
    ['no JSON', raw(SECRET)],
    ['no object', json([entry(0, [1]), entry(1, [1])])],
    ['nothing at all', raw('')],
    ['no list', json({ data: { 0: [1], 1: [1] } })],
    ['too few vectors', json(listOf([[1]]))],
    ['too many vectors', json(listOf([[1], [2], [3]]))],
    ['an index twice', json({ data: [entry(0, [1]), entry(0, [2])] })],
    ['an index beyond the inputs', json({ data: [entry(0, [1]), entry(7, [2])] })],
    ['an entry that is no object', json({ data: [entry(0, [1]), SECRET] })],
    ['words for numbers', json(listOf([[1], [SECRET]]))],
    ['no numbers', json(listOf([[1], []]))],
    ['several lengths', json(listOf([[1], [1, 2]]))],
    ['no base64', json(listOf([encodeVector([1]), '%%%%']))],
    ['the base64 of what is no number', json(listOf([encodeVector([1]), encodeVector([NaN])]))],
    ['deep lists', raw(`{"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)],
    ['a redirect', (exchange) => exchange.json({}, 302, { location: `http://${SECRET}/` })],
    ['an error in a success', json({ error: { message: SECRET } })],
    [
      'half an answer',
      async (exchange) => {
        await exchange.send('{"data":[{"index":0,"embedding":[1');
        exchange.breakConnection();
      },
    ],
  ])('is the upstream’s error and costs nothing: %s', async (_name, handler) => {
    upstream.always(handler);
    for (const encoding_format of ['float', 'base64']) {
      const answer = await send({ encoding_format });
      const { status, error } = await refusalOf(answer.clone());
      expect([status, error.type, error.code]).toEqual([502, 'upstream_error', 'upstream_error']);
      expect(await answer.text()).not.toContain(SECRET);
    }
    await expectBill(gateway, payer, 'nothing');
  });
});

describe('an answer in another form than it was asked for', () => {
  it.each([
    ['float', 'base64'],
    ['base64', 'float'],
  ])('reaches a client who wants %s although it came as %s', async (wanted, came) => {
    const vectors = [
      [1, -0.5],
      [0.25, 2],
    ];
    upstream.next(json(listOf(came === 'base64' ? vectors.map(encodeVector) : vectors)));
    const { data } = (await (await send({ encoding_format: wanted })).json()) as {
      data: readonly { embedding: unknown }[];
    };
    expect(data.map(({ embedding }) => embedding)).toEqual(
      wanted === 'base64' ? vectors.map(encodeVector) : vectors,
    );
  });

  it('is put in the order of the inputs', async () => {
    upstream.next(json({ data: [entry(1, [1]), entry(0, [0])] }));
    expect(await (await send()).json()).toMatchObject({
      data: [
        { index: 0, embedding: [0] },
        { index: 1, embedding: [1] },
      ],
    });
  });
});

describe('a refusal', () => {
  it('[error.upstream_unavailable] comes after three attempts where another one may help', async () => {
    upstream.always(refusal(503, { message: SECRET }));
    const answer = await send();
    expect(await refusalOf(answer)).toMatchObject({ status: 503, error: { code: 'upstream_unavailable' } });
    expect(upstream.requests).toHaveLength(3);
  });

  it('is forgotten when the next attempt is answered', async () => {
    upstream.next(refusal(429)).next((exchange) => exchange.breakConnection());
    upstream.always(embeds());
    expect((await send()).status).toBe(200);
    expect(upstream.requests).toHaveLength(3);
  });

  it('of the client’s own field names it, with a cleaned message', async () => {
    const message = `This model does not support dimensions, ask https://${SECRET}.com/`;
    upstream.next(refusal(400, { message, param: 'dimensions', code: 'invalid_value' }));
    const { status, error } = await refusalOf(await send({ dimensions: 5 }));
    expect([status, error.param]).toEqual([400, 'dimensions']);
    expect(error.message).toMatch(/^This model does not support dimensions/);
    expect(error.message).not.toContain(SECRET);
  });

  it('[error.context_length_exceeded] of an input that is too long has the words that clients know', async () => {
    upstream.next(refusal(400, { message: SECRET, code: 'context_length_exceeded' }));
    const { status, error } = await refusalOf(await send());
    expect([status, error.code, error.param]).toEqual([400, 'context_length_exceeded', 'input']);
    expect(error.message).toBe(
      "This model's maximum context length is 8192 tokens. Please reduce its length.",
    );
    const tooLong = await refusalOf(await send({ input: new Array(9_000).fill(1) }));
    expect(tooLong.error.message).toContain('your input resulted in 9000 tokens');
    expect(upstream.requests).toHaveLength(1);
  });

  it('of the format is met by asking without it, now and later', async () => {
    const words = {
      message: 'Unknown parameter: encoding_format',
      code: 'unknown_parameter',
      param: 'encoding_format',
    };
    const asks = () => upstream.requests.map(({ body }) => body['encoding_format']);
    upstream.next(refusal(400, words));
    upstream.always(json(listOf([[1], [2]])));
    const first = (await (await send({ encoding_format: 'base64' })).json()) as { data: readonly object[] };
    expect(first.data).toMatchObject([{ embedding: encodeVector([1]) }, { embedding: encodeVector([2]) }]);
    expect(asks()).toEqual(['base64', undefined]);
    expect((await send({ encoding_format: 'base64' })).status).toBe(200);
    expect(asks()).toEqual(['base64', undefined, undefined]);
  });

  it('is told to the operator without what the client asked', async () => {
    log.length = 0;
    const input = 'a text that nobody else may read, however short it may be';
    upstream.next(refusal(400, { message: `no: ${input}`, param: 'input' }));
    expect((await send({ input })).status).toBe(400);
    const line = log.find((text) => text.includes('an attempt at a provider failed'));
    expect(line).toContain('[quotes the request]');
    expect(log.join()).not.toContain(input);
  });
});

it('[error.upstream_timeout] an upstream that says nothing is given up', async () => {
  const impatient = await TestGateway.start({
    database: gateway.database,
    file: embeddingsFile(upstream.url, { provider: { timeout_ms: 300 } }),
  });
  upstream.always(() => undefined);
  const answer = await fetch(`${impatient.url}/v1/embeddings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${payer.key}` },
    body: JSON.stringify({ model: 'test-embedding', input: 'one' }),
  });
  expect(await refusalOf(answer)).toMatchObject({ status: 504, error: { code: 'upstream_timeout' } });
  await impatient.close();
  await expectBill(gateway, payer, 'nothing');
});
