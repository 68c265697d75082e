import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Moments } from '../../src/base/moments/moments.js';
import { reasoningScopeOf, type ProviderSettings, type Target } from '../../src/catalog/model.js';
import { withEachKey } from '../../src/catalog/provider-keys.js';
import { secretsOf } from '../../src/providers/clean-message.js';
import { TargetHealth } from '../../src/providers/target-health.js';
import { TextGeneration } from '../../src/providers/text-generation.js';
import { TextProviders } from '../../src/providers/text-providers.js';
import { UNLIMITED_DEMAND } from '../../src/streaming/demand.js';
import type { TextEvent } from '../../src/text/text-event.js';
import { chatPrompt } from '../support/chat-prompt.js';
import {
  completion,
  refusal,
  startScriptedUpstream,
  type Handler,
  type ScriptedUpstream,
} from '../support/scripted-upstream.js';
import { until } from '../support/until.js';
import { eventsOf, imageFetch, modelFor, requestFor, settingsFor, targetFor } from './support.js';

const KEYS = ['key-one', 'key-two', 'key-three'];

let upstream: ScriptedUpstream;
let providers: TextProviders;
let health: TargetHealth;
let nowMs: number;
let provider: ProviderSettings;

beforeEach(async () => {
  upstream = await startScriptedUpstream();
  providers = new TextProviders(imageFetch());
  nowMs = 1_000;
  health = new TargetHealth(() => nowMs);
  provider = withKeys(KEYS);
});
afterEach(async () => {
  await providers.close();
  await upstream.close();
});

function withKeys(keys: readonly string[], overrides: Partial<ProviderSettings> = {}): ProviderSettings {
  const apiKeys = keys.map((key) => ({ key }));
  return settingsFor(upstream.url, { apiKey: keys[0], apiKeys, ...overrides });
}

function ask(conversation: number, targets: readonly Target[] = [targetFor(provider)]): Promise<TextEvent[]> {
  const generation = new TextGeneration(
    providers,
    health,
    new Moments(),
    () => 0,
    () => nowMs,
  );
  const prompt = chatPrompt({ messages: [{ role: 'user', content: `Conversation ${conversation}` }] });
  const options = { demand: UNLIMITED_DEMAND, onSent: () => undefined, requestId: 'req', responseId: 'resp' };
  return eventsOf(generation.generate(requestFor(modelFor(targets), { prompt }), options));
}

const usedKeys = (): readonly string[] =>
  upstream.requests.map(({ headers }) => headers.authorization?.replace('Bearer ', '') ?? '');

/** Refuses calls with one key only. */
const refusing =
  (key: string, handler: Handler): Handler =>
  (exchange) =>
    (exchange.request.headers.authorization === `Bearer ${key}` ? handler : completion('Hello!'))(exchange);

async function askAll(count = 30): Promise<void> {
  for (let conversation = 0; conversation < count; conversation += 1) await ask(conversation);
}

describe('a provider with several keys', () => {
  it('is called with all of them, and for one conversation always with the same', async () => {
    await askAll();
    expect(new Set(usedKeys())).toEqual(new Set(KEYS));
    const first = [...usedKeys()];
    await askAll();
    expect(usedKeys().slice(30)).toEqual(first);
  });

  it.each<[string, number, Handler]>([
    ['is refused', 1, refusal(401)],
    ['has no quota left', 1, refusal(429, { code: 'insufficient_quota' })],
    ['is not paid for', 1, refusal(402)],
    ['may not use the model', 5, refusal(403)],
    ['is limited', 1, refusal(429, {}, { 'retry-after': '20' })],
  ])(
    'sets a key aside alone that %s: no call fails, and the others carry on',
    async (_what, calls, handler) => {
      upstream.always(refusing('key-two', handler));
      await askAll();
      expect(usedKeys().filter((key) => key === 'key-two')).toHaveLength(calls);
      expect(health.snapshot()).toMatchObject([{ provider: 'scripted', keyNumber: 2, state: 'set_aside' }]);
      upstream.reset();
      nowMs += 31_000;
      await askAll();
      expect(usedKeys().filter((key) => key === 'key-two').length).toBeGreaterThan(5);
      expect(health.snapshot()).toEqual([]);
    },
  );

  it('calls again with a limited key when its Retry-After has passed', async () => {
    upstream.always(refusing('key-two', refusal(429, {}, { 'retry-after': '20' })));
    await askAll();
    upstream.reset();
    nowMs += 19_000;
    await askAll();
    expect(usedKeys()).not.toContain('key-two');
    nowMs += 1_001;
    await askAll();
    expect(usedKeys()).toContain('key-two');
  });

  it('is asked with its other key when one is refused, and another target after that', async () => {
    upstream.always(refusal(401));
    const other = targetFor(settingsFor(upstream.url, { id: 'other', apiKey: 'fourth' }), { priority: 2 });
    const two = targetFor(withKeys(['key-one', 'key-two']));
    await expect(ask(1, [other, two])).rejects.toMatchObject({ code: 'upstream_error' });
    expect(usedKeys().toSorted()).toEqual(['fourth', 'key-one', 'key-two']);
    expect(usedKeys().at(-1)).toBe('fourth');
  });

  it('is limited in its connections as a whole, and shares them between its keys', async () => {
    provider = withKeys(KEYS, { maxConnections: 2 });
    const releases: (() => void)[] = [];
    upstream.always(async (exchange) => {
      await new Promise<void>((resolve) => releases.push(resolve));
      await completion('Hello!')(exchange);
    });
    const calls = Promise.all(Array.from({ length: 9 }, (_, conversation) => ask(conversation)));
    for (let answered = 0; answered < 9; answered += 1) {
      await until(() => releases.length > answered);
      expect(upstream.openSockets).toBeLessThanOrEqual(2);
      releases[answered]!();
    }
    expect(new Set(usedKeys()).size).toBeGreaterThan(1);
    await calls;
    expect(upstream.acceptedSockets).toBe(2);
  });

  it('keeps its connections until new settings take their place; running calls end in peace', async () => {
    await askAll(5);
    let release = (): void => undefined;
    upstream.next(async (exchange) => {
      await new Promise<void>((resolve) => (release = resolve));
      await completion('Hello!')(exchange);
    });
    const running = ask(1);
    await upstream.arrived(5);
    provider = withKeys(['key-one', 'key-four']);
    await askAll(10);
    release();
    expect(await running).not.toEqual([]);
    expect(new Set(usedKeys())).toEqual(new Set([...usedKeys().slice(0, 6), 'key-one', 'key-four']));
    await providers.close();
    await until(() => upstream.openSockets === 0);
  });

  it('has secrets of all its keys, and a reasoning scope for each', () => {
    const scoped = withKeys([], {
      reasoningScope: 'ours',
      apiKeys: [{ key: 'key-one' }, { key: 'key-two', reasoningScope: 'theirs' }],
    });
    const [one, two] = withEachKey(scoped);
    expect([one, two].map((keyed) => reasoningScopeOf(keyed!))).toEqual(['ours', 'theirs']);
    expect(secretsOf(one!)).toEqual(expect.arrayContaining(['key-one', 'key-two']));
    expect(withEachKey(one!)).toEqual([one]);
    expect(withEachKey(scoped)).toBe(withEachKey(scoped));
  });
});
