import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/base/json.js';
import { countTokens, tokensOf } from '../../../src/providers/sandbox/sandbox-tokens.js';
import { SandboxTextProvider } from '../../../src/providers/sandbox/sandbox-text-provider.js';
import type { TextEvent } from '../../../src/text/text-event.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import { chatPrompt } from '../../support/chat-prompt.js';
import { modelFor, outcomeOf, requestFor, settingsFor, spokenText, targetFor } from '../support.js';

const LONE_SURROGATE = /\p{Surrogate}/u;

const provider = new SandboxTextProvider();

interface Ask {
  readonly chat?: JsonObject;
  readonly options?: string;
  readonly capTokens?: number;
  readonly signal?: AbortSignal;
  readonly silenceTimeoutMs?: number;
  readonly onSent?: () => void;
}

function generate(upstreamModel: 'echo' | 'assistant', ask: Ask = {}) {
  const { silenceTimeoutMs = 60_000, signal = new AbortController().signal, onSent = () => undefined } = ask;
  const target = targetFor(settingsFor('', { type: 'sandbox', silenceTimeoutMs }), { upstreamModel });
  const request = requestFor(modelFor([target], { maxOutputTokens: 2_000_000 }), {
    modelOptions: ask.options ?? '',
    prompt: chatPrompt({ messages: [{ role: 'user', content: 'one two three four' }], ...ask.chat }),
    ...(ask.capTokens !== undefined && { outputCapTokens: ask.capTokens }),
  });
  return provider.generate({ request, target, affinity: () => '', attempt: 1, signal, onSent });
}

const echo = (ask?: Ask) => outcomeOf(generate('echo', ask));
const assistant = (ask?: Ask) => outcomeOf(generate('assistant', ask));

function finishOf(events: readonly TextEvent[]): unknown[] {
  return events.flatMap((event) => (event.type === 'finish' ? [event.reason] : []));
}

function usageOf(events: readonly TextEvent[]): unknown {
  return events.find((event) => event.type === 'usage')?.usage;
}

function argumentsOf(events: readonly TextEvent[]): unknown {
  const pieces = events.map((event) => (event.type === 'tool_call_delta' ? event.arguments : ''));
  return JSON.parse(pieces.join(''));
}

const weather = {
  type: 'function',
  function: {
    name: 'weather',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, unit: { enum: ['c', 'f'] } },
      required: ['city', 'unit'],
      additionalProperties: false,
    },
  },
};
const clock = { type: 'function', function: { name: 'clock' } };

describe('the sandbox tokenizer', () => {
  it('loses nothing, and no token is longer than its bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
        const tokens = [...tokensOf(text)];
        expect(tokens.join('')).toBe(text);
        expect(tokens).toHaveLength(countTokens(text));
        expect(countTokens(text)).toBeLessThanOrEqual(Buffer.byteLength(text));
        for (const token of tokens) expect(token).not.toMatch(LONE_SURROGATE);
      }),
    );
  });
});

describe('sandbox/echo', () => {
  it('says the last user text again, one token at a time', async () => {
    const { events } = await echo();
    expect(events.map((event) => event.type)).toEqual([
      'opened',
      'start',
      'text',
      'text',
      'text',
      'text',
      'finish',
      'usage',
    ]);
    expect(spokenText(events)).toBe('one two three four');
    expect(usageOf(events)).toMatchObject({ inputTokens: 4, outputTokens: 4, reasoningTokens: 0 });
  });

  it('reads text parts, and the last user message only', async () => {
    const messages = [
      { role: 'user', content: 'old' },
      { role: 'assistant', content: 'reply' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'new ' },
          { type: 'image_url', image_url: { url: 'data:,' } },
          { type: 'text', text: 'text' },
        ],
      },
      { role: 'system', content: 'rules' },
    ];
    expect(spokenText((await echo({ chat: { messages } })).events)).toBe('new text');
  });

  it('says exactly as many tokens as the name asks for', async () => {
    const { events } = await echo({ options: 'tokens=10' });
    expect(spokenText(events)).toBe('one two three fourone two three fourone two');
    expect(usageOf(events)).toMatchObject({ outputTokens: 10 });
    const silent = await echo({ options: 'tokens=3', chat: { messages: [] } });
    expect(usageOf(silent.events)).toMatchObject({ outputTokens: 3 });
  });

  it('stops at the token limit and at stop sequences', async () => {
    const limited = (await echo({ capTokens: 2 })).events;
    expect([spokenText(limited), finishOf(limited)]).toEqual(['one two', ['length']]);
    const exact = (await echo({ capTokens: 4 })).events;
    expect(finishOf(exact)).toEqual(['stop']);
    const stopped = (await echo({ chat: { stop: ['four', ' three'] } })).events;
    expect([spokenText(stopped), finishOf(stopped)]).toEqual(['one two', ['stop']]);
  });

  it('gives n choices', async () => {
    const { events } = await echo({ chat: { n: 3 } });
    expect(finishOf(events)).toEqual(['stop', 'stop', 'stop']);
    expect(usageOf(events)).toMatchObject({ inputTokens: 4, outputTokens: 12 });
  });

  it('lets other work run during a long answer', async () => {
    let turns = 0;
    const count = (): void => {
      turns += 1;
      immediate = setImmediate(count);
    };
    let immediate = setImmediate(count);
    const sizes: number[] = [];
    for await (const batch of generate('echo', { options: 'tokens=100000' })) sizes.push(batch.length);
    clearImmediate(immediate);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(258);
    expect(turns).toBeGreaterThan(300);
  });
});

describe('sandbox/assistant', () => {
  it('answers the same each time', async () => {
    const [one, two] = await Promise.all([assistant(), assistant()]);
    expect(one).toEqual(two);
    expect(spokenText(one.events)).toContain('one two three four');
  });

  it.each([
    ['the first function', undefined, 'weather'],
    ['the first function', 'auto', 'weather'],
    ['the first function', 'required', 'weather'],
    ['the named one', { type: 'function', function: { name: 'clock' } }, 'clock'],
    [
      'one of the allowed',
      {
        type: 'allowed_tools',
        allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'clock' } }] },
      },
      'clock',
    ],
  ])('calls %s for tool_choice %#', async (_name, choice, called) => {
    const chat = { tools: [weather, clock], ...(choice !== undefined && { tool_choice: choice }) };
    const { events } = await assistant({ chat });
    expect(events.find((event) => event.type === 'tool_call_start')).toMatchObject({ name: called });
    expect(finishOf(events)).toEqual(['tool_calls']);
    const schema = called === 'weather' ? weather.function.parameters : { type: 'object' };
    expect(new Ajv2020().validate(schema, argumentsOf(events))).toBe(true);
    const deltas = events.filter((event) => event.type === 'tool_call_delta');
    expect(usageOf(events)).toMatchObject({ outputTokens: deltas.length });
  });

  it('calls a custom tool with text', async () => {
    const { events } = await assistant({ chat: { tools: [{ type: 'custom', custom: { name: 'run' } }] } });
    expect(events.slice(2, 4)).toMatchObject([{ name: 'run', kind: 'custom' }, { arguments: 'sandbox' }]);
  });

  it('calls nothing when told not to', async () => {
    const { events } = await assistant({ chat: { tools: [weather], tool_choice: 'none' } });
    expect(finishOf(events)).toEqual(['stop']);
  });

  it('answers with the outputs of the tools', async () => {
    const messages = [
      { role: 'user', content: 'Weather?' },
      { role: 'assistant', tool_calls: [] },
      { role: 'tool', content: '21 degrees' },
      { role: 'tool', content: 'sunny' },
    ];
    const { events } = await assistant({ chat: { messages, tools: [weather] } });
    expect(spokenText(events)).toBe('The tools answered: 21 degrees; sunny');
    const again = [...messages, { role: 'user', content: 'And now?' }];
    expect(finishOf((await assistant({ chat: { messages: again, tools: [weather] } })).events)).toEqual([
      'tool_calls',
    ]);
  });

  it('answers with a document that validates', async () => {
    const schema = weather.function.parameters;
    const format = { type: 'json_schema', json_schema: { name: 'x', schema } };
    const { events } = await assistant({ chat: { response_format: format } });
    expect(new Ajv2020().validate(schema, JSON.parse(spokenText(events)))).toBe(true);
    const json = await assistant({ chat: { response_format: { type: 'json_object' } } });
    expect(JSON.parse(spokenText(json.events))).toBeInstanceOf(Object);
  });

  it('first reasons when it is asked to, and counts that', async () => {
    const { events } = await assistant({ chat: { reasoning_effort: 'low' } });
    const reasoned = events.filter((event) => event.type === 'reasoning_summary');
    const firstText = events.findIndex((event) => event.type === 'text');
    expect(events.slice(firstText).some((event) => event.type === 'reasoning_summary')).toBe(false);
    const texts = events.filter((event) => event.type === 'text');
    expect(usageOf(events)).toMatchObject({
      reasoningTokens: reasoned.length,
      outputTokens: reasoned.length + texts.length,
    });
    expect(reasoned.length).toBeGreaterThan(3);
    const none = await assistant({ chat: { reasoning_effort: 'none' } });
    expect(none.events.some((event) => event.type === 'reasoning_summary')).toBe(false);
    const limited = await assistant({ chat: { reasoning_effort: 'low' }, capTokens: 2 });
    expect(finishOf(limited.events)).toEqual(['length']);
  });
});

describe('sandbox behaviour after the colon', () => {
  it.each([
    [400, 'invalid_value'],
    [401, 'upstream_error'],
    [429, 'rate_limit_exceeded'],
    [500, 'upstream_error'],
    [503, 'upstream_unavailable'],
  ])('refuses with %d before the first token', async (status, code) => {
    const { events, failure } = await echo({ options: `error=${status}` });
    expect(events).toEqual([]);
    expect(failure).toMatchObject({ error: { code }, options: { targetFault: false } });
  });

  it.each([
    [0, ''],
    [2, 'one two'],
    [4, 'one two three four'],
  ])('breaks after %d tokens', async (tokens, text) => {
    const { events, failure } = await echo({ options: `fail_after=${tokens}` });
    expect(spokenText(events)).toBe(text);
    expect(finishOf(events)).toEqual([]);
    expect(failure).toMatchObject({ error: { code: 'upstream_error' }, options: { retryable: false } });
  });

  it('goes silent until the silence is too long', async () => {
    const { events, failure } = await echo({ options: 'hang_after=1', silenceTimeoutMs: 30 });
    expect(spokenText(events)).toBe('one');
    expect(failure).toMatchObject({ error: { code: 'upstream_timeout' } });
  });

  it.each(['hang_after=1', 'ttft=60000', 'delay=60000'])(
    'ends at once when the client leaves during %s',
    async (options) => {
      const controller = new AbortController();
      const outcome = echo({ options, signal: controller.signal });
      await new Promise((resolve) => setTimeout(resolve, 20));
      const leftMs = performance.now();
      controller.abort();
      expect((await outcome).failure).not.toBeInstanceOf(UpstreamFailure);
      expect(performance.now() - leftMs).toBeLessThan(30_000);
    },
  );

  it('keeps its times', async () => {
    const startMs = performance.now();
    const arrivals: number[] = [];
    for await (const _ of generate('echo', { options: 'ttft=60,delay=20' }))
      arrivals.push(performance.now() - startMs);
    expect(arrivals[0]).toBeGreaterThanOrEqual(58);
    expect(arrivals.at(-1)).toBeGreaterThanOrEqual(58 + 3 * 19);
    expect(arrivals).toHaveLength(4);
  });

  it('can leave out usage', async () => {
    expect(usageOf((await echo({ options: 'no_usage' })).events)).toBeUndefined();
  });

  it('counts as sent before it waits', async () => {
    let sent = 0;
    const controller = new AbortController();
    const outcome = echo({ options: 'ttft=60000', signal: controller.signal, onSent: () => (sent += 1) });
    expect(sent).toBe(1);
    controller.abort();
    await outcome;
  });
});
