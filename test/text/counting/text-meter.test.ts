import { describe, expect, it } from '@jest/globals';
import { NO_USAGE } from '../../../src/base/money/usage.js';
import { TextMeter } from '../../../src/text/counting/text-meter.js';

const meter = (): TextMeter => new TextMeter({ roughTokens: 12, texts: () => ['Hello'], otherTokens: 0 });
const EARLY = { ...NO_USAGE, inputTokens: 10, cachedInputTokens: 4 };
const WORDS = 'some words and more '.repeat(100);

describe('a usage that an upstream tells before it speaks', () => {
  it('counts for what was read alone: what was said since is counted here', async () => {
    const own = meter();
    own.observe({ type: 'usage', usage: EARLY });
    own.observe({ type: 'text', choice: 0, text: WORDS });
    expect(own.progress()).toEqual({ inputTokens: 10, outputTokens: 500 });
    const { usage, estimated } = await own.measure();
    expect(estimated).toBe(true);
    expect(usage).toMatchObject({ inputTokens: 10, cachedInputTokens: 4 });
    expect(usage.outputTokens).toBeGreaterThan(100);
  });

  it('is replaced by a later one', async () => {
    const own = meter();
    own.observe({ type: 'usage', usage: EARLY });
    own.observe({ type: 'text', choice: 0, text: WORDS });
    own.observe({ type: 'usage', usage: { ...EARLY, outputTokens: 321 } });
    expect(await own.measure()).toEqual({ usage: { ...EARLY, outputTokens: 321 }, estimated: false });
  });

  it('counts when hardly anything is said after it', async () => {
    const own = meter();
    own.observe({ type: 'text', choice: 0, text: 'Hi' });
    own.observe({ type: 'usage', usage: EARLY });
    expect(await own.measure()).toEqual({ usage: EARLY, estimated: false });
  });
});
