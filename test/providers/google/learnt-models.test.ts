import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import type { Trial } from '../../../src/providers/text/remedy.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import { chatPrompt } from '../../support/chat-prompt.js';
import { geminiSays } from '../../support/gemini-wire.js';
import { attemptFor, modelFor, outcomeOf, requestFor, targetFor } from '../support.js';
import { GeminiFixture } from './gemini-fixture.js';

const gemini = new GeminiFixture();

/** @returns what was asked of the model's thinking, and the trial that its refusal suggests */
async function ask(
  chat: JsonObject,
  trial?: Trial,
): Promise<{ thinking: unknown; trial: Trial | undefined }> {
  const target = targetFor(gemini.settings, { upstreamModel: 'gemini-3.8-flash' });
  const prompt = chatPrompt({ messages: [{ role: 'user', content: 'Hi' }], ...chat });
  const request = requestFor(modelFor([target]), { prompt });
  const { failure } = await outcomeOf(gemini.provider.generate(attemptFor(target, { request, trial })));
  const { generationConfig } = gemini.upstream.requests.at(-1)!.body;
  const thinking = (generationConfig as JsonObject | undefined)?.['thinkingConfig'];
  return { thinking, trial: failure instanceof UpstreamFailure ? failure.options.trial : undefined };
}

function refuses(message: string): void {
  gemini.upstream.next((exchange) =>
    exchange.json({ error: { code: 400, message, status: 'INVALID_ARGUMENT' } }, 400),
  );
}

describe('thinking that a model refuses', () => {
  it('is asked for without the effort, and then not at all, which is remembered', async () => {
    refuses('Thinking level is not supported for this model.');
    const first = await ask({ reasoning_effort: 'high' });
    expect(first.thinking).toEqual({ includeThoughts: true, thinkingLevel: 'HIGH' });

    refuses('Thinking is not enabled for this model.');
    const second = await ask({ reasoning_effort: 'high' }, first.trial);
    expect(second.thinking).toEqual({ includeThoughts: true });

    gemini.upstream.next(geminiSays([{ text: 'Hello' }]));
    expect((await ask({ reasoning_effort: 'high' }, second.trial)).thinking).toBeUndefined();
    gemini.upstream.next(geminiSays([{ text: 'Hello' }]));
    expect((await ask({})).thinking).toBeUndefined();
  });

  it('in one value says nothing about other calls', async () => {
    refuses("'low' is not a supported thinking level for this model.");
    const { trial } = await ask({ reasoning_effort: 'low' });
    gemini.upstream.next(geminiSays([{ text: 'Hello' }]));
    expect((await ask({ reasoning_effort: 'low' }, trial)).thinking).toEqual({ includeThoughts: true });
    gemini.upstream.next(geminiSays([{ text: 'Hello' }]));
    expect((await ask({ reasoning_effort: 'high' })).thinking).toEqual({
      includeThoughts: true,
      thinkingLevel: 'HIGH',
    });
  });

  it('is no matter of other refusals', async () => {
    refuses('Something else.');
    expect((await ask({})).trial).toBeUndefined();
  });
});
