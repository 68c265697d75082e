import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { chatChunk, sse } from '../../support/chat-wire.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { MessagesClient } from '../../support/messages-client.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { framesOf } from '../../support/sse-frames.js';

interface Envelope {
  readonly type: string;
  readonly error: {
    readonly type: string;
    readonly message: string;
    readonly details: Readonly<Record<string, unknown>>;
  };
  readonly request_id: string;
}

const UNPAIRED = [
  { role: 'user', content: 'Hi' },
  { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'f', input: {} }] },
  { role: 'user', content: 'Well?' },
];
const STRAY = [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_2', content: '' }] }];

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let client: MessagesClient;
let poor: MessagesClient;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({
    file: fileFor(upstream.url),
    environment: { BUDGET_WAIT_MS: '0' },
  });
  const clientOf = async (settings: object): Promise<MessagesClient> =>
    new MessagesClient(gateway.url, { 'x-api-key': (await gateway.createKey(settings)).key });
  client = await clientOf({ budget_limit: '1000000', allowed_models: ['test-model'] });
  poor = await clientOf({ budget_limit: '3' });
});
beforeEach(() => upstream.reset());
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

async function envelopeOf(response: Response): Promise<Envelope> {
  const body = (await response.json()) as Envelope;
  expect(body).toMatchObject({ type: 'error', request_id: response.headers.get('request-id') });
  return body;
}

describe('an error of the Messages API', () => {
  it.each<[string, () => Promise<Response>, number, string, string, boolean]>([
    [
      'a wrong value',
      () => client.create({ max_tokens: -1 }),
      400,
      'invalid_request_error',
      'invalid_value',
      true,
    ],
    [
      'a missing field',
      () => client.create({ max_tokens: undefined }),
      400,
      'invalid_request_error',
      'missing_required_parameter',
      true,
    ],
    [
      'a container',
      () => client.create({ container: 'c' }),
      400,
      'invalid_request_error',
      'unsupported_parameter',
      true,
    ],
    [
      'a call without its result',
      () => client.create({ messages: UNPAIRED }),
      400,
      'invalid_request_error',
      'invalid_value',
      true,
    ],
    [
      'a result without its call',
      () => client.create({ messages: STRAY }),
      400,
      'invalid_request_error',
      'invalid_value',
      true,
    ],
    [
      'no key',
      () => new MessagesClient(gateway.url, {}).create(),
      401,
      'authentication_error',
      'missing_api_key',
      true,
    ],
    ['no budget', () => poor.create(), 402, 'billing_error', 'insufficient_budget', true],
    [
      'an unknown model',
      () => client.create({ model: 'nobody' }),
      404,
      'not_found_error',
      'model_not_found',
      true,
    ],
    ['no route', () => client.post('/messages/batches', {}), 404, 'not_found_error', 'not_found', true],
    ['no route with the version', () => client.post('/files', {}), 404, 'not_found_error', 'not_found', true],
  ])('has its type, code and advice: %s', async (_name, send, status, type, code, isFinal) => {
    const response = await send();
    const { error } = await envelopeOf(response);
    expect([response.status, error.type, error.details['error_code']]).toEqual([status, type, code]);
    expect(response.headers.get('x-should-retry')).toBe(isFinal ? 'false' : null);
    expect(upstream.requests).toHaveLength(0);
  });

  it.each([
    [429, 429, 'rate_limit_error', 'rate_limit_exceeded'],
    [500, 502, 'api_error', 'upstream_error'],
    [503, 503, 'api_error', 'upstream_unavailable'],
  ])('of an upstream that answers %d lets the client try again', async (status, shown, type, code) => {
    upstream.always((exchange) => exchange.json({ error: { message: 'secret words' } }, status));
    const response = await client.create();
    const { error } = await envelopeOf(response);
    expect([response.status, error.type, error.details['error_code']]).toEqual([shown, type, code]);
    expect(response.headers.has('x-should-retry')).toBe(false);
    expect(response.headers.has('retry-after')).toBe(shown !== 502);
    expect(JSON.stringify(error)).not.toContain('secret');
  });

  describe('[error.upstream_overloaded] of an upstream that says that it is overloaded', () => {
    const overloaded = (headers = {}): void => {
      upstream.always((exchange) => exchange.json({ error: { message: 'secret words' } }, 529, headers));
    };

    it.each(['', '/external'])(
      'is Anthropic’s own status, after the usual attempts; at "%s"',
      async (path) => {
        overloaded();
        const response = await client.at(gateway.url + path).create();
        const { error } = await envelopeOf(response);
        expect([response.status, error.type, error.details]).toEqual([
          529,
          'overloaded_error',
          { error_code: 'upstream_overloaded' },
        ]);
        expect(['x-should-retry', 'retry-after'].map((name) => response.headers.has(name))).toEqual([
          false,
          false,
        ]);
        expect(upstream.requests).toHaveLength(3);
      },
    );

    it('says when to come again where the upstream does', async () => {
      overloaded({ 'retry-after': '0' });
      expect((await client.create()).headers.get('retry-after')).toBe('1');
    });

    it('has that type in a stream that had begun', async () => {
      upstream.next((exchange) =>
        exchange.end(
          sse(chatChunk({ role: 'assistant', content: 'Hel' }), {
            error: { type: 'overloaded_error', message: 'secret words' },
          }),
        ),
      );
      expect((await client.frames()).at(-1)).toMatchObject({
        event: 'error',
        data: { error: { type: 'overloaded_error', details: { error_code: 'upstream_overloaded' } } },
      });
    });

    it('is `upstream_unavailable` elsewhere', async () => {
      overloaded();
      const messages = [{ role: 'user', content: 'Hi' }];
      for (const [path, body] of [
        ['/chat/completions', { messages }],
        ['/responses', { input: 'Hi' }],
      ] as const) {
        const response = await client.post(path, { model: 'test-model', ...body });
        expect([response.status, await response.json()]).toMatchObject([
          503,
          { error: { code: 'upstream_unavailable', type: 'upstream_error' } },
        ]);
      }
    });
  });

  it('tells a person about a budget in dollars', async () => {
    const { error } = await envelopeOf(await poor.create());
    expect(error.message).toMatch(
      /^The budget of this API key is used up: this call needs up to \$0\.0\d+, and \$0\.000003 is left\. /,
    );
  });

  it('tells Claude Code how full a context is, in the words that it acts on', async () => {
    upstream.next((exchange) =>
      exchange.json(
        { error: { code: 'context_length_exceeded', message: 'too long', prompt_tokens: 123_456 } },
        400,
      ),
    );
    const { error } = await envelopeOf(await client.create());
    expect(error.message).toBe('prompt is too long: 123456 tokens > 100000 maximum');
    upstream.next((exchange) => exchange.json({ error: { code: 'context_length_exceeded' } }, 400));
    expect((await envelopeOf(await client.create())).error.message).toBe(
      'prompt is too long: 100001 tokens > 100000 maximum',
    );
  });

  it('says which base URL to set, where one has /v1 twice', async () => {
    const response = await new MessagesClient(`${gateway.url}/v1`, {}).create();
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('without `/v1`')]);
  });

  it('says what to set in place of a login at claude.ai', async () => {
    const response = await new MessagesClient(gateway.url, {
      authorization: 'Bearer sk-ant-oat01-abc',
    }).create();
    const { error } = await envelopeOf(response);
    expect([response.status, error.message]).toEqual([401, expect.stringContaining('ANTHROPIC_AUTH_TOKEN')]);
  });

  it('ends a stream that had begun, with what it cost, and nothing follows', async () => {
    upstream.next(async (exchange) => {
      await exchange.send(sse(chatChunk({ role: 'assistant', content: 'Hel' })));
      exchange.breakConnection();
    });
    const response = await client.create({ stream: true });
    const frames = framesOf(await response.text());
    expect(frames.map(({ event }) => event)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'error',
    ]);
    expect(frames.at(-1)?.data).toMatchObject({
      type: 'error',
      error: { type: 'api_error', details: { error_code: 'upstream_error' } },
      request_id: response.headers.get('request-id'),
      compose_receipt: { line_items: expect.any(Array) },
    });
  });
});

describe('[route.there] an address that clients look at', () => {
  it('answers HEAD / without a key', async () => {
    expect((await fetch(gateway.url, { method: 'HEAD' })).status).toBe(200);
  });
});
