import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { Moments } from '../../../src/base/moments/moments.js';
import type { ProviderSettings } from '../../../src/catalog/model.js';
import { TargetHealth } from '../../../src/providers/target-health.js';
import { TextGeneration } from '../../../src/providers/text-generation.js';
import { TextProviders } from '../../../src/providers/text-providers.js';
import { UNLIMITED_DEMAND } from '../../../src/streaming/demand.js';
import type { TextEvent } from '../../../src/text/text-event.js';
import { calling, output, reasoned, USER } from '../../support/chat-turns.js';
import { chatPrompt } from '../../support/chat-prompt.js';
import {
  framesOf,
  messageOf,
  namedFrames,
  refusesMessage,
  saysMessage,
} from '../../support/messages-wire.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import {
  eventsOf,
  imageFetch,
  modelFor,
  requestFor,
  settingsFor,
  spokenText,
  targetFor,
} from '../support.js';

const provider = { id: 'scripted', type: 'anthropic' } as const;

let upstream: ScriptedUpstream;
let providers: TextProviders;
let settings: ProviderSettings;

beforeEach(async () => {
  upstream = (await startScriptedUpstream()).always(saysMessage('Hello there!'));
  providers = new TextProviders(imageFetch());
  settings = settingsFor(upstream.url, provider);
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
  const targets = [
    targetFor(settings, { upstreamModel: 'claude-opus-4-6' }),
    ...(elsewhere ? [targetFor(elsewhere, { priority: 2 })] : []),
  ];
  const prompt = chatPrompt({ messages: [USER], ...chat });
  const request = requestFor(modelFor(targets), { stream, prompt, ...(toClientParam && { toClientParam }) });
  const ids = { requestId: 'req_test', responseId: 'resp_test' };
  return eventsOf(
    generation.generate(request, { demand: UNLIMITED_DEMAND, onSent: () => undefined, ...ids }),
  );
}

const bodies = (): readonly JsonObject[] => upstream.requests.map(({ body }) => body);

describe('a provider on the Messages wire', () => {
  it.each(['', '/v1'])('is asked at its base URL with %j at its end', async (end) => {
    settings = settingsFor(upstream.url.replace(/\/v1$/, end), provider);
    for (const stream of [true, false]) expect(spokenText(await ask({}, { stream }))).toBe('Hello there!');
    expect(upstream.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(
      Array(2).fill('POST /v1/messages'),
    );
    expect(upstream.requests.map(({ headers }) => headers.accept)).toEqual([
      'text/event-stream',
      'application/json',
    ]);
    expect(bodies().map(({ stream }) => stream)).toEqual([true, undefined]);
  });

  it('gets its own key and version, and no bearer token', async () => {
    await ask();
    const { headers } = await upstream.arrived(0);
    expect(headers).toMatchObject({ 'x-api-key': 'upstream-key', 'anthropic-version': '2023-06-01' });
    expect(headers).not.toHaveProperty('authorization');
  });

  it('gets well-formed text', async () => {
    await ask({ messages: [{ role: 'user', content: 'cut \ud83d here' }] });
    expect((await upstream.arrived(0)).text).toContain('cut \\ufffd here');
  });

  it('is asked again where it fails before the first word', async () => {
    const [start] = framesOf(messageOf([]));
    upstream.next((exchange) =>
      exchange.end(
        namedFrames(start!, { type: 'ping' }) +
          namedFrames({ type: 'error', error: { type: 'overloaded_error', message: '' } }),
      ),
    );
    upstream.next(refusesMessage(529, 'Overloaded', 'overloaded_error'));
    expect(spokenText(await ask())).toBe('Hello there!');
    expect(upstream.requests).toHaveLength(3);
  });
});

describe('a signature that does not hold', () => {
  const WORDS = 'messages.1.content.0: Invalid `signature` in `thinking` block';
  const messages = [USER, { ...calling('a'), ...reasoned('Hm', 'cmp1.scripted.tOld') }, output('a')];
  const chat = { messages, reasoning_effort: 'high' };

  it.each([
    WORDS,
    'messages.1.content.0: Invalid `data` in `redacted_thinking` block',
    'messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`.',
  ])('goes up once: %s', async (words) => {
    upstream.next(refusesMessage(400, words));
    expect(spokenText(await ask(chat))).toBe('Hello there!');
    const longer = { ...chat, messages: [...messages, { role: 'assistant', content: 'A' }, USER] };
    await ask(longer);
    const sent = bodies().map((body) => [JSON.stringify(body).includes('Old'), 'thinking' in body]);
    expect(sent).toEqual([
      [true, true],
      [false, false],
      [false, true],
    ]);
  });

  it('is not tried again where none was sent', async () => {
    upstream.always(refusesMessage(400, WORDS));
    await expect(ask()).rejects.toMatchObject({ code: 'invalid_value' });
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('what a model does not take', () => {
  it.each<[string, JsonObject, RegExp]>([
    ['thinking.adaptive.display: Extra inputs are not permitted', { reasoning_effort: 'high' }, /display/],
    ['adaptive thinking is not supported on this model', { reasoning_effort: 'high' }, /adaptive/],
    ['This model does not support the effort parameter.', { reasoning_effort: 'max' }, /"effort"/],
    [
      'output_config.effort: Input should be low, medium or high',
      { reasoning_effort: 'xhigh' },
      /"effort":"xhigh"/,
    ],
    ['thinking.disabled: not supported', { reasoning_effort: 'none' }, /disabled/],
    ['metadata.user_id: bad', { user: 'jo' }, /metadata/],
    [
      'tools.0.custom.strict: Extra inputs are not permitted',
      { tools: [{ type: 'function', function: { name: 'a', strict: true } }] },
      /strict/,
    ],
    [
      'tool_choice.auto.disable_parallel_tool_use: Extra inputs are not permitted',
      { tools: [{ type: 'function', function: { name: 'a' } }], parallel_tool_calls: false },
      /disable_parallel/,
    ],
  ])('and is no more than a hint is left out from then on: %s', async (words, chat, field) => {
    upstream.next(refusesMessage(400, words));
    for (const _time of [1, 2]) expect(spokenText(await ask(chat))).toBe('Hello there!');
    expect(bodies().map((body) => field.test(JSON.stringify(body)))).toEqual([true, false, false]);
  });

  it('is left out of one request alone where a breakpoint is wrong', async () => {
    const messages = [
      { role: 'user', content: [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } }] },
    ];
    upstream.next(refusesMessage(400, 'messages.0.content.0.text.cache_control: bad'));
    for (const _time of [1, 2]) await ask({ messages });
    expect(bodies().map((body) => JSON.stringify(body).includes('cache_control'))).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('is left out of one request alone where it does not go with something else', async () => {
    upstream.next(refusesMessage(400, 'thinking may not be enabled when this is so'));
    for (const _time of [1, 2]) await ask({ reasoning_effort: 'high' });
    const configs = bodies().map(({ thinking }) => (thinking as JsonObject)['type']);
    expect(configs).toEqual(['adaptive', 'enabled', 'adaptive']);
  });

  it('is not guessed from what the client wrote', async () => {
    upstream.always(refusesMessage(400, 'messages.0.content.0.text: "thinking metadata effort" is bad'));
    await expect(ask({ user: 'jo', reasoning_effort: 'high' })).rejects.toMatchObject({
      code: 'invalid_value',
    });
    expect(upstream.requests).toHaveLength(1);
  });

  it('is refused by the name that the client gave it', async () => {
    upstream.always(refusesMessage(400, '`temperature` is deprecated for this model.'));
    const refused = { code: 'unsupported_parameter', status: 400, param: 'temperature' };
    await expect(ask({ temperature: 0.2 })).rejects.toMatchObject(refused);
    upstream.next(refusesMessage(400, '`temperature` and `top_p` cannot both be specified for this model.'));
    await expect(ask({ temperature: 0.2, top_p: 0.5 })).rejects.toMatchObject({ ...refused, param: 'top_p' });
    const toClientParam = (): string => 'heat';
    await expect(ask({ temperature: 0.2 }, { toClientParam })).rejects.toMatchObject({
      ...refused,
      param: 'heat',
    });
  });

  it('may be taken by another target', async () => {
    const other = await startScriptedUpstream();
    const elsewhere = settingsFor(other.url, { id: 'other' });
    try {
      const events = await ask({ seed: 5 }, { elsewhere });
      expect(events[0]).toMatchObject({ type: 'opened', provider: 'other' });
      expect(upstream.requests).toHaveLength(0);
      await expect(ask({ seed: 5 })).rejects.toMatchObject({ code: 'unsupported_parameter', param: 'seed' });
    } finally {
      await other.close();
    }
  });
});

describe('a refusal', () => {
  it('says how long the context is, in the words of the gateway', async () => {
    upstream.always(refusesMessage(400, 'prompt is too long: 214532 tokens > 200000 maximum'));
    await expect(ask()).rejects.toMatchObject({
      code: 'context_length_exceeded',
      param: 'messages',
      message: expect.stringContaining('resulted in 214532 tokens'),
    });
  });

  it('shows nothing of the other wire', async () => {
    upstream.always(refusesMessage(400, 'messages.0.content.0.image.source: SECRET'));
    const refused = await ask().catch((failure: unknown) => failure as { message: string; param?: string });
    expect(refused).toMatchObject({ code: 'invalid_value', param: null });
    expect((refused as { message: string }).message).not.toContain('SECRET');
  });
});
