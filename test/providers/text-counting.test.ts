import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { GatewayError } from '../../src/base/errors/gateway-error.js';
import type { Target } from '../../src/catalog/model.js';
import { TargetHealth } from '../../src/providers/target-health.js';
import { TextCounting } from '../../src/providers/text-counting.js';
import { TextProviders } from '../../src/providers/text-providers.js';
import { UpstreamFailure } from '../../src/providers/upstream-failure.js';
import { chatPrompt } from '../support/chat-prompt.js';
import { startScriptedUpstream, type Exchange, type ScriptedUpstream } from '../support/scripted-upstream.js';
import { imageFetch, modelFor, settingsFor, targetFor } from './support.js';

const BODY = { model: 'public-model', messages: [{ role: 'user', content: 'Hi' }] };

let upstream: ScriptedUpstream;
let providers: TextProviders;
let health: TargetHealth;
let anthropic: Target;
let chat: Target;

beforeEach(async () => {
  upstream = await startScriptedUpstream();
  providers = new TextProviders(imageFetch());
  health = new TargetHealth(() => performance.now());
  anthropic = targetFor(settingsFor(upstream.url, { id: 'same', type: 'anthropic' }), { priority: 2 });
  chat = targetFor(settingsFor(upstream.url, { id: 'other' }), { priority: 1 });
});
afterEach(async () => {
  await providers.close();
  await upstream.close();
});

const says = (exchange: Exchange): void => exchange.json({ input_tokens: 7 });

function counter(limits?: { timeoutMs: number; mostAtOnce: number }, targets = [chat, anthropic]) {
  const counting = new TextCounting(providers, health, limits);
  const request = {
    model: modelFor(targets),
    account: 'acme',
    prompt: chatPrompt(BODY),
    call: { body: BODY, headers: {} },
    requestId: 'req_test',
  };
  return () => counting.count(request);
}

describe('a count of tokens', () => {
  it('is asked of the targets that can count, whatever their priority', async () => {
    upstream.always(says);
    expect(await counter()()).toBe(7);
    expect(await counter(undefined, [chat])()).toBeUndefined();
    expect(upstream.requests).toHaveLength(1);
  });

  it('is given up after its time', async () => {
    const hangs = new Promise<number>((resolve) => {
      upstream.next(({ aborted }) => aborted.then(resolve));
    });
    expect(await counter({ timeoutMs: 50, mostAtOnce: 1 })()).toBeUndefined();
    await hangs;
  });

  it('is asked of no upstream while as many as may be are asked', async () => {
    const count = counter({ timeoutMs: 10_000, mostAtOnce: 1 });
    const asked = new Promise<Exchange>((resolve) => upstream.next(resolve));
    const first = count();
    const exchange = await asked;
    expect(await count()).toBeUndefined();
    says(exchange);
    expect(await first).toBe(7);
    upstream.next(says);
    expect(await count()).toBe(7);
  });

  it('does not set its target aside when it fails, and is not asked of one that is', async () => {
    const count = counter();
    for (let time = 0; time < 6; time += 1) {
      upstream.next((exchange) => exchange.json({}, 500));
      expect(await count()).toBeUndefined();
    }
    expect(health.isUsable(anthropic)).toBe(true);
    const failure = new UpstreamFailure(new GatewayError('upstream_error'), {
      retryable: true,
      targetFault: true,
    });
    for (let time = 0; time < 5; time += 1) health.failed(anthropic, failure);
    expect(await count()).toBeUndefined();
    expect(upstream.requests).toHaveLength(6);
  });
});
