import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../../src/base/json.js';
import { Moments } from '../../../../src/base/moments/moments.js';
import type { ProviderSettings } from '../../../../src/catalog/model.js';
import { TargetHealth } from '../../../../src/providers/target-health.js';
import { TextGeneration } from '../../../../src/providers/text-generation.js';
import { TextProviders } from '../../../../src/providers/text-providers.js';
import { UNLIMITED_DEMAND } from '../../../../src/streaming/demand.js';
import type { TextEvent } from '../../../../src/text/text-event.js';
import { calling, output, reasoned, USER } from '../../../support/chat-turns.js';
import { chatPrompt } from '../../../support/chat-prompt.js';
import {
  eventsOf as framesOf,
  refusesResponse,
  saysResponse,
  wireFrames,
  wireResponse,
} from '../../../support/responses-wire.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../../support/scripted-upstream.js';
import {
  eventsOf,
  imageFetch,
  modelFor,
  requestFor,
  settingsFor,
  spokenText,
  targetFor,
} from '../../support.js';

let upstream: ScriptedUpstream;
let providers: TextProviders;
let settings: ProviderSettings;

beforeEach(async () => {
  upstream = (await startScriptedUpstream()).always(saysResponse('Hello there!'));
  providers = new TextProviders(imageFetch());
  settings = settingsFor(upstream.url, { wires: ['chat', 'responses'] });
});
afterEach(async () => {
  await providers.close();
  await upstream.close();
});

interface Asked {
  readonly stream?: boolean;
  readonly elsewhere?: ProviderSettings;
  readonly toClientParam?: (param: string) => string | undefined;
}

function ask(
  chat: JsonObject = {},
  { stream = true, elsewhere, toClientParam }: Asked = {},
): Promise<TextEvent[]> {
  const health = new TargetHealth(() => performance.now());
  const now = (): number => performance.now();
  const generation = new TextGeneration(providers, health, new Moments(), () => 0, now);
  const targets = [targetFor(settings), ...(elsewhere ? [targetFor(elsewhere, { priority: 2 })] : [])];
  const prompt = chatPrompt({ messages: [USER], ...chat });
  const request = requestFor(modelFor(targets), { stream, prompt, ...(toClientParam && { toClientParam }) });
  const ids = { requestId: 'req_test', responseId: 'resp_test' };
  return eventsOf(
    generation.generate(request, { demand: UNLIMITED_DEMAND, onSent: () => undefined, ...ids }),
  );
}

const bodies = (): readonly JsonObject[] => upstream.requests.map(({ body }) => body);

describe('a provider with the Responses wire', () => {
  it('is asked over it, and with its key', async () => {
    for (const stream of [true, false]) expect(spokenText(await ask({}, { stream }))).toBe('Hello there!');
    expect(upstream.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(
      Array(2).fill('POST /v1/responses'),
    );
    expect(upstream.requests.map(({ headers }) => [headers.accept, headers.authorization])).toEqual([
      ['text/event-stream', 'Bearer upstream-key'],
      ['application/json', 'Bearer upstream-key'],
    ]);
    expect(bodies()).toEqual([
      expect.objectContaining({ stream: true, store: false }),
      expect.objectContaining({ stream: false, store: false }),
    ]);
  });

  it('gets well-formed text, and the value by which its service finds its cache', async () => {
    settings = { ...settings, affinityHeader: 'x-grok-conv-id' };
    await ask({ messages: [{ role: 'user', content: 'cut \ud83d here' }] });
    const { text, body, headers } = await upstream.arrived(0);
    expect(text).toContain('cut \\ufffd here');
    expect(body['prompt_cache_key']).toMatch(/^[0-9a-f]{64}$/);
    expect(headers['x-grok-conv-id']).toBe(body['prompt_cache_key']);
  });

  it('is asked again where it fails before the first word', async () => {
    const [created, running] = framesOf(wireResponse([]));
    const failed = wireResponse([], {
      status: 'failed',
      error: { code: 'server_error', message: 'SECRET' },
    });
    upstream
      .next((exchange) =>
        exchange.end(wireFrames(created!, running!, { type: 'response.failed', response: failed })),
      )
      .next((exchange) =>
        exchange.end(wireFrames(created!, { type: 'error', code: 'server_error', message: 'SECRET' })),
      );
    expect(spokenText(await ask())).toBe('Hello there!');
    expect(upstream.requests).toHaveLength(3);
  });
});

describe('encrypted reasoning that does not hold', () => {
  const messages = [USER, { ...calling('a'), ...reasoned('Hm', 'cmp1.scripted.gOld') }, output('a')];

  it.each([
    { code: 'invalid_encrypted_content', message: 'The encrypted content gOld could not be verified.' },
    { message: 'The encrypted content for item rs_1 could not be verified. Reason: item_id mismatch.' },
  ])('goes up once: %j', async (error) => {
    upstream.next(refusesResponse(400, error));
    expect(spokenText(await ask({ messages }))).toBe('Hello there!');
    await ask({ messages: [...messages, { role: 'assistant', content: 'A' }, USER] });
    expect(bodies().map((body) => JSON.stringify(body).includes('gOld'))).toEqual([true, false, false]);
  });

  it('is not tried again where none was sent', async () => {
    upstream.always(refusesResponse(400, { code: 'invalid_encrypted_content' }));
    await expect(ask()).rejects.toMatchObject({ code: 'invalid_value' });
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('what a model does not take', () => {
  const INCLUDE = { param: 'include', message: 'Encrypted content is not supported with this model.' };
  const unsupported = (param: string): JsonObject => ({
    ...{ param, code: 'unsupported_parameter' },
    message: `Unsupported parameter: '${param}' is not supported with this model.`,
  });

  it.each<[string, JsonObject, JsonObject, RegExp]>([
    ['encrypted reasoning', INCLUDE, { reasoning_effort: 'high' }, /encrypted_content|summary/],
    ['summaries', unsupported('reasoning.summary'), { reasoning_effort: 'high' }, /"summary"/],
    ['efforts', unsupported('reasoning.effort'), { reasoning_effort: 'high' }, /"effort"/],
    ['verbosity', unsupported('text.verbosity'), { verbosity: 'low' }, /verbosity/],
    ['users', { message: "Unknown parameter: 'user'." }, { user: 'jo' }, /"user":/],
    ['cache keys', { ...unsupported('prompt_cache_key') }, { prompt_cache_key: 'k' }, /prompt_cache_key/],
  ])('and is no more than a hint is left out from then on: %s', async (_what, error, chat, field) => {
    upstream.next(refusesResponse(400, error as never));
    for (const _time of [1, 2]) expect(spokenText(await ask(chat))).toBe('Hello there!');
    expect(bodies().map((body) => field.test(JSON.stringify(body)))).toEqual([true, false, false]);
  });

  it('is left out of one request alone where only this value is refused', async () => {
    const error = {
      param: 'reasoning.effort',
      code: 'unsupported_value',
      message: "Unsupported value: 'x'.",
    };
    upstream.next(refusesResponse(400, error));
    for (const _time of [1, 2]) await ask({ reasoning_effort: 'minimal' });
    expect(bodies().map((body) => 'reasoning' in body && JSON.stringify(body['reasoning']))).toEqual([
      '{"effort":"minimal","summary":"auto"}',
      false,
      '{"effort":"minimal","summary":"auto"}',
    ]);
  });

  it('is not guessed from what the client wrote', async () => {
    upstream.always(refusesResponse(400, { message: 'Invalid input: \'say "user"\'' }));
    const messages = [{ role: 'user', content: 'say "user"' }];
    await expect(ask({ user: 'jo', messages })).rejects.toMatchObject({ code: 'invalid_value' });
    expect(upstream.requests).toHaveLength(1);
  });

  it.each([
    ['temperature', { temperature: 0.2 }, 'temperature'],
    ['max_output_tokens', { max_tokens: 5 }, 'max_tokens'],
    ['input[3].content', {}, 'messages'],
    [
      'text.format.schema',
      { response_format: { type: 'json_object' } },
      'response_format.json_schema.schema',
    ],
    ['tools[0].name', { tools: [{ type: 'function', function: { name: 'a' } }] }, 'tools'],
    ['top_logprobs', {}, null],
  ])('is refused by the name that the client gave it: %s', async (param, chat, own) => {
    upstream.always(refusesResponse(400, { param, code: 'invalid_value', message: 'SECRET words' }));
    const refused = await ask(chat).catch((failure: unknown) => failure);
    expect(refused).toMatchObject({ code: 'invalid_value', param: own });
    expect((refused as Error).message).not.toContain('SECRET');
    const toClientParam = (chatParam: string): string => `mine.${chatParam}`;
    await expect(ask(chat, { toClientParam })).rejects.toMatchObject({
      param: expect.stringMatching(/^mine\./),
    });
  });

  it('may be taken by another target', async () => {
    const other = await startScriptedUpstream();
    const elsewhere = settingsFor(other.url, { id: 'other' });
    try {
      const events = await ask({ stop: ['END'] }, { elsewhere });
      expect(events[0]).toMatchObject({ type: 'opened', provider: 'other' });
      expect(upstream.requests).toHaveLength(0);
      await expect(ask({ stop: ['END'] })).rejects.toMatchObject({
        ...{ code: 'unsupported_parameter', status: 400, param: 'stop' },
      });
    } finally {
      await other.close();
    }
  });
});
