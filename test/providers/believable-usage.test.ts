import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.js';
import { Moments } from '../../src/base/moments/moments.js';
import { TargetHealth } from '../../src/providers/target-health.js';
import { TextGeneration } from '../../src/providers/text-generation.js';
import { TextProviders } from '../../src/providers/text-providers.js';
import { UNLIMITED_DEMAND } from '../../src/streaming/demand.js';
import { chatPrompt } from '../support/chat-prompt.js';
import { chatChunk, chatUsage, sse } from '../support/chat-wire.js';
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.js';
import { eventsOf, imageFetch, modelFor, requestFor, settingsFor, spokenText, targetFor } from './support.js';

let upstream: ScriptedUpstream;
let providers: TextProviders;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  providers = new TextProviders(imageFetch());
});
afterAll(async () => {
  await providers.close();
  await upstream.close();
});

/** Whether a client hears of this usage, from a model with a window of 100,000 and a limit of 10,000 tokens. */
async function isBelieved(usage: JsonObject, chat: JsonObject = {}): Promise<boolean> {
  upstream.next((exchange) => exchange.end(sse(chatChunk({ content: 'a' }, 'stop', { usage }))));
  const now = (): number => performance.now();
  const generation = new TextGeneration(providers, new TargetHealth(now), new Moments(), () => 0, now);
  const request = requestFor(modelFor([targetFor(settingsFor(upstream.url))]), {
    prompt: chatPrompt({ messages: [], ...chat }),
  });
  const options = {
    demand: UNLIMITED_DEMAND,
    onSent: () => undefined,
    requestId: 'req_test',
    responseId: 'resp_test',
  };
  const events = await eventsOf(generation.generate(request, options));
  expect(spokenText(events)).toBe('a');
  return events.some(({ type }) => type === 'usage');
}

describe('a usage', () => {
  it.each<[string, JsonObject, boolean]>([
    ['of as much input as the window', chatUsage(100_000, 5), true],
    ['of a window that is stated too small', chatUsage(200_000, 5), true],
    ['of more input than could be', chatUsage(200_001, 5), false],
    ['of hidden reasoning beyond the limit', chatUsage(10, 100_000), true],
    ['of more output than could be', chatUsage(10, 151_073), false],
    ['whose total is a lie', { ...chatUsage(10, 5), total_tokens: 2 ** 31 - 1 }, false],
    ['whose figures are none', { prompt_tokens: -1, completion_tokens: 5 }, false],
  ])('%s: %j is believed: %p', async (_name, usage, believed) => {
    expect(await isBelieved(usage)).toBe(believed);
  });

  it('may be higher with several choices, and of a service that searches in between', async () => {
    expect(await isBelieved(chatUsage(10, 302_144), { n: 2 })).toBe(true);
    expect(await isBelieved(chatUsage(1_000_000, 5), { web_search_options: {} })).toBe(true);
  });
});
