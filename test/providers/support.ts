import { lastValueFrom, toArray, type Observable } from 'rxjs';
import type { ProviderSettings, Target, TextModel } from '../../src/catalog/model.js';
import { AddressGuard } from '../../src/providers/http/address-guard.js';
import { GuardedClient } from '../../src/providers/http/guarded-client.js';
import { nameServers } from '../../src/providers/http/resolve-host.js';
import { ImageFetch } from '../../src/providers/image/image-fetch.js';
import { GENERIC_PROFILE } from '../../src/catalog/provider-profiles.js';
import { affinityOf } from '../../src/providers/affinity.js';
import type { JsonObject } from '../../src/base/json.js';
import type { TextAttempt } from '../../src/providers/text/text-provider.js';
import type { SpokenEvent, TextEvent } from '../../src/text/text-event.js';
import type { TextRequest } from '../../src/providers/text/text-request.js';
import { chatPrompt } from '../support/chat-prompt.js';

/** What ends within 30 s has not waited for a limit: those are far beyond, for machines that are busy. */
export function settingsFor(baseUrl: string, overrides: Partial<ProviderSettings> = {}): ProviderSettings {
  return {
    ...GENERIC_PROFILE,
    id: 'scripted',
    type: 'openai',
    baseUrl,
    apiKey: 'upstream-key',
    wires: ['chat'],
    timeoutMs: 100_000,
    connectTimeoutMs: 10_000,
    firstByteTimeoutMs: 100_000,
    silenceTimeoutMs: 100_000,
    backgroundTimeoutMs: 60_000,
    headers: {},
    passFields: [],
    idempotentVideos: false,
    maxConnections: 8,
    proxy: undefined,
    logUpstreamMessages: false,
    ...overrides,
  };
}

/** Fetches public images alone, so nothing of a test. */
export function imageFetch(): ImageFetch {
  const client = new GuardedClient(new AddressGuard([]), nameServers());
  return new ImageFetch(client, { allow: [], timeoutMs: 10_000, atOnce: 8, heldBytes: Infinity });
}

export function targetFor(provider: ProviderSettings, overrides: Partial<Target> = {}): Target {
  return { provider, upstreamModel: 'upstream-model', priority: 1, weight: 1, ...overrides };
}

export function modelFor(targets: readonly Target[], overrides: Partial<TextModel> = {}): TextModel {
  return {
    kind: 'text',
    id: 'public-model',
    targets,
    contextWindow: 100_000,
    maxOutputTokens: 10_000,
    pricing: 'free',
    partTokens: { image: 1, audio: 1, file: 1 },
    created: 0,
    ownedBy: 'test',
    ...overrides,
  };
}

export function requestFor(model: TextModel, overrides: Partial<TextRequest> = {}): TextRequest {
  return {
    model,
    modelOptions: '',
    account: 'account-1',
    stream: true,
    prompt: chatPrompt({ model: model.id, messages: [{ role: 'user', content: 'Hi' }] }),
    ...overrides,
  };
}

export function attemptFor(
  target: Target,
  overrides: Partial<TextAttempt> = {},
  chat?: JsonObject,
): TextAttempt {
  const request = requestFor(modelFor([target]), chat ? { prompt: chatPrompt(chat) } : {});
  return {
    request,
    target,
    affinity: () => affinityOf(request),
    attempt: 1,
    signal: new AbortController().signal,
    onSent: () => undefined,
    ...overrides,
  };
}

/** Everything that an attempt said, and what it threw in the end. */
export async function outcomeOf<Event extends SpokenEvent>(
  batches: AsyncIterable<readonly Event[]>,
): Promise<{ events: Event[]; failure?: unknown }> {
  const events: Event[] = [];
  try {
    for await (const batch of batches) events.push(...batch);
    return { events };
  } catch (failure) {
    return { events, failure };
  }
}

export function eventsOf(source: Observable<TextEvent>): Promise<TextEvent[]> {
  return lastValueFrom(source.pipe(toArray()));
}

export function spokenText(events: readonly SpokenEvent[]): string {
  return events.map((event) => (event.type === 'text' ? event.text : '')).join('');
}
