import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { take } from 'rxjs';
import type { Target } from '../../src/catalog/model.js';
import { GatewayError } from '../../src/base/errors/gateway-error.js';
import { Moments } from '../../src/base/moments/moments.js';
import { TargetHealth } from '../../src/providers/target-health.js';
import { TextGeneration } from '../../src/providers/text-generation.js';
import { TextProviders } from '../../src/providers/text-providers.js';
import type { TextEvent } from '../../src/text/text-event.js';
import type { TextRequest } from '../../src/providers/text/text-request.js';
import { UNLIMITED_DEMAND } from '../../src/streaming/demand.js';
import { chatPrompt } from '../support/chat-prompt.js';
import { chatChunk, sse } from '../support/chat-wire.js';
import { replayed } from '../support/recorded-answers.js';
import { completion, refusal, startScriptedUpstream } from '../support/scripted-upstream.js';
import type { Handler, ScriptedUpstream } from '../support/scripted-upstream.js';
import { until } from '../support/until.js';
import { eventsOf, imageFetch, modelFor, requestFor, settingsFor, spokenText, targetFor } from './support.js';

let first: ScriptedUpstream;
let second: ScriptedUpstream;
let providers: TextProviders;
let health: TargetHealth;
let targets: readonly Target[];
let sent: number;

beforeEach(async () => {
  [first, second] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
  providers = new TextProviders(imageFetch());
  health = new TargetHealth(() => performance.now());
  targets = [
    targetFor(settingsFor(second.url, { id: 'second' }), { priority: 2 }),
    targetFor(settingsFor(first.url, { id: 'first' }), { priority: 1 }),
  ];
  sent = 0;
});

afterEach(async () => {
  await providers.close();
  await Promise.all([first.close(), second.close()]);
});

function generate(only: readonly Target[] = targets, stream = true, request: Partial<TextRequest> = {}) {
  const generation = new TextGeneration(
    providers,
    health,
    new Moments(),
    () => 0,
    () => performance.now(),
  );
  const ids = { requestId: 'req_test', responseId: 'resp_test' };
  const options = { demand: UNLIMITED_DEMAND, onSent: () => (sent += 1), ...ids };
  return generation.generate(requestFor(modelFor(only), { stream, ...request }), options);
}

async function failureOf(only?: readonly Target[]): Promise<GatewayError> {
  const failure: unknown = await eventsOf(generate(only)).catch((thrown: unknown) => thrown);
  if (!(failure instanceof GatewayError)) throw new Error(`not a GatewayError: ${String(failure)}`);
  return failure;
}

const alone = (): readonly Target[] => targets.filter((target) => target.priority === 1);

describe('text generation', () => {
  it('does nothing before it is subscribed', async () => {
    const source = generate();
    await new Promise((resolve) => setImmediate(resolve));
    expect(first.requests).toHaveLength(0);
    expect(spokenText(await eventsOf(source))).toBe('Hello!');
  });

  it('begins with what opened it: provider, upstream model and attempt', async () => {
    expect((await eventsOf(generate()))[0]).toEqual({
      type: 'opened',
      provider: 'first',
      upstreamModel: 'upstream-model',
      attempts: 1,
    });
  });

  it.each([408, 409, 429, 500, 503])('tries the next target after %d', async (status) => {
    first.always(refusal(status));
    const events = await eventsOf(generate());
    expect(events[0]).toMatchObject({ provider: 'second', attempts: 2 });
    expect(sent).toBe(1);
  });

  it.each([400, 413, 422])('does not try again after %d', async (status) => {
    first.always(refusal(status));
    await failureOf();
    expect([first.requests.length, second.requests.length]).toEqual([1, 0]);
  });

  it.each<[string, Handler]>([
    ['an unpaid account', refusal(429, { code: 'insufficient_quota' })],
    ['a refused key', refusal(401)],
    ['a model that the key may not use', refusal(403)],
    ['a model that it does not have', refusal(404, { code: 'model_not_found' })],
  ])('tries the next target, and never the same one, after %s', async (_fault, handler) => {
    first.always(handler);
    expect((await eventsOf(generate()))[0]).toMatchObject({ provider: 'second', attempts: 2 });
    expect(await failureOf(alone())).toMatchObject({ code: 'upstream_error', status: 502 });
    expect(first.requests).toHaveLength(2);
  });

  describe('after a refusal that names a hint', () => {
    const messages = [{ role: 'user', content: 'Hi' }];
    const prompt = chatPrompt({ messages, prompt_cache_key: 'k', user: 'u' });
    const ask = (): Promise<TextEvent[]> => eventsOf(generate(alone(), true, { prompt }));
    const strict =
      (...fields: readonly string[]): Handler =>
      (exchange) => {
        const extra = fields.find((field) => field in exchange.request.body);
        return (
          extra === undefined
            ? completion('Hello!')
            : refusal(400, { message: `property '${extra}' is unsupported` })
        )(exchange);
      };

    it('asks the same target once more without it, and remembers that', async () => {
      first.always(strict('prompt_cache_key'));
      expect((await ask())[0]).toMatchObject({ provider: 'first', attempts: 2 });
      expect(first.requests[1]?.body).toHaveProperty('user');
      expect((await ask())[0]).toMatchObject({ attempts: 1 });
      expect(first.requests).toHaveLength(3);
      expect(sent).toBe(2);
    });

    it('leaves out both of two, and remembers both when that was taken', async () => {
      first.always(strict('prompt_cache_key', 'user'));
      expect((await ask())[0]).toMatchObject({ attempts: 3 });
      expect((await ask())[0]).toMatchObject({ attempts: 1 });
      expect(Object.keys(first.requests[3]?.body ?? {})).not.toContain('user');
    });

    it.each([
      { param: 'user', code: 'invalid_value' },
      { param: 'user', code: 'unsupported_parameter', message: "'user' cannot be used together with tools" },
      { message: "property 'user' must be a number" },
    ])('does not remember what a value or a combination was refused for: %j', async (error) => {
      first.next(refusal(400, error));
      expect((await ask())[0]).toMatchObject({ attempts: 2 });
      expect(first.requests[1]?.body).not.toHaveProperty('user');
      await ask();
      expect(first.requests[2]?.body).toHaveProperty('user');
    });

    it('remembers nothing before a request was taken', async () => {
      for (const param of ['user', 'prompt_cache_key', 'messages'])
        first.next(refusal(400, { param, code: 'unsupported_parameter' }));
      await expect(ask()).rejects.toMatchObject({ code: 'invalid_value', param: 'messages' });
      await ask();
      expect(Object.keys(first.requests[3]?.body ?? {})).toEqual(
        expect.arrayContaining(['user', 'prompt_cache_key']),
      );
    });

    it('makes no more attempts than there are', async () => {
      first
        .next(refusal(500))
        .next(refusal(500))
        .next(refusal(400, { param: 'user' }));
      await expect(ask()).rejects.toMatchObject({ code: 'invalid_value' });
      expect(first.requests).toHaveLength(3);
    });
  });

  it('tries three times at most, in turns, and shows the last failure', async () => {
    first.always(refusal(500));
    second.always(refusal(429, {}, { 'retry-after': '1' }));
    expect(await failureOf()).toMatchObject({ code: 'upstream_error' });
    expect([first.requests.length, second.requests.length]).toEqual([2, 1]);
  });

  it('tries the only target again, with growing pauses', async () => {
    first.next(refusal(500)).next(refusal(500));
    const events = await eventsOf(generate(alone()));
    expect(events[0]).toMatchObject({ provider: 'first', attempts: 3 });
    const [one, two, three] = first.requests.map((request) => request.arrivedMs);
    expect(two! - one!).toBeGreaterThanOrEqual(95);
    expect(three! - two!).toBeGreaterThanOrEqual(195);
  });

  it('waits as long as Retry-After says, up to five seconds', async () => {
    first.next(refusal(429, {}, { 'retry-after': '1' }));
    await eventsOf(generate(alone()));
    const [one, two] = first.requests.map((request) => request.arrivedMs);
    expect(two! - one!).toBeGreaterThanOrEqual(990);
  });

  it('does not come back to a target that asks for a longer wait', async () => {
    first.always(refusal(429, {}, { 'retry-after': '6' }));
    expect(await failureOf(alone())).toMatchObject({ code: 'rate_limit_exceeded', retryAfterSeconds: 6 });
    expect(first.requests).toHaveLength(1);
    second.always(refusal(500));
    expect(await failureOf()).toMatchObject({ code: 'upstream_error' });
    // It is passed by for as long, by all calls.
    expect([first.requests.length, second.requests.length]).toEqual([1, 3]);
  });

  it('tries again when a stream breaks before it has said anything', async () => {
    first.always((exchange) => exchange.end(sse({ error: { code: 503 } })));
    expect((await eventsOf(generate()))[0]).toMatchObject({ provider: 'second', attempts: 2 });
  });

  it.each<[string, Handler]>([
    ['is refused', replayed('bifrost-rate-limit-behind-role.sse')],
    ['ends', replayed('bifrost-rate-limit-behind-role.sse', { frames: 1 })],
    ['is finished as failed', replayed('zai-network-error-behind-role.sse')],
  ])('tries again when a stream %s behind its role', async (_name, handler) => {
    first.always(handler);
    const events = await eventsOf(generate());
    expect(events[0]).toMatchObject({ provider: 'second', attempts: 2 });
    expect(spokenText(events)).toBe('Hello!');
  });

  it('never tries again once something has been said', async () => {
    first.always((exchange) => exchange.end(sse(chatChunk({ content: 'a' }), { error: { code: 503 } })));
    const seen: TextEvent[] = [];
    const failure = await new Promise((resolve) => {
      generate().subscribe({ next: (event) => seen.push(event), error: resolve });
    });
    expect(failure).toMatchObject({ code: 'upstream_unavailable' });
    expect(spokenText(seen)).toBe('a');
    expect(second.requests).toHaveLength(0);
  });

  it('reports that it was sent once, whatever the number of attempts', async () => {
    first.always(refusal(500));
    second.always(refusal(500));
    await failureOf();
    expect(sent).toBe(1);
  });

  it('stops while it waits for the next attempt', async () => {
    first.always(refusal(429, {}, { 'retry-after': '1' }));
    const subscription = generate(alone()).subscribe({ error: () => undefined });
    await first.arrived(0);
    subscription.unsubscribe();
    const waitedMs = performance.now() + 1_300;
    await until(() => performance.now() > waitedMs);
    expect(first.requests).toHaveLength(1);
  });

  it('closes the upstream socket when the subscriber has enough', async () => {
    let closed: Promise<number> | undefined;
    first.always(async (exchange) => {
      closed = exchange.aborted;
      await exchange.send(sse(chatChunk({ content: 'a' })));
    });
    await eventsOf(generate().pipe(take(1)));
    const leftMs = performance.now();
    expect((await closed!) - leftMs).toBeLessThan(30_000);
  });

  it('passes a target by that failed five times in a row', async () => {
    first.always(refusal(500));
    for (let calls = 0; calls < 5; calls += 1) await eventsOf(generate());
    expect(health.snapshot()).toMatchObject([{ provider: 'first', state: 'set_aside' }]);
    await eventsOf(generate());
    expect(first.requests).toHaveLength(5);
  });

  it("does not blame a target for a client's own mistakes", async () => {
    first.always(refusal(400));
    for (let calls = 0; calls < 6; calls += 1) await failureOf();
    expect(health.snapshot()).toEqual([]);
  });

  it('works whole as it does streamed', async () => {
    first.always(completion('Hello, whole world!'));
    expect(spokenText(await eventsOf(generate(targets, false)))).toBe('Hello, whole world!');
  });
});

describe('the adapters of a catalog', () => {
  it('are one for each provider, until a reload brings new settings; running calls end in peace', async () => {
    const old = settingsFor(first.url);
    expect(providers.providerOf(old)).toBe(providers.providerOf(old));
    let release = (): void => undefined;
    first.next(async (exchange) => {
      await new Promise<void>((resolve) => (release = resolve));
      await completion('still here')(exchange);
    });
    const running = eventsOf(generate([targetFor(old)]));
    await first.arrived(0);
    expect(providers.providerOf(settingsFor(first.url))).not.toBe(providers.providerOf(old));
    release();
    expect(spokenText(await running)).toBe('still here');
  });

  it('leave no socket open after the shutdown', async () => {
    await eventsOf(generate());
    await providers.onApplicationShutdown();
    await until(() => first.openSockets === 0);
  });
});
