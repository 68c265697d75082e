import { describe, expect, it } from '@jest/globals';
import { mergeTargetStates } from '../../src/providers/target-report.js';
import type { TargetState } from '../../src/providers/target-health.js';

const state = (more: Partial<TargetState>): TargetState => ({
  provider: 'upstream',
  upstreamModel: 'model',
  keyNumber: undefined,
  state: 'available',
  failuresInARow: 1,
  untilMs: undefined,
  ...more,
});

describe('what several processes know of one target', () => {
  it('is told as the worst of it', () => {
    const aside = state({ state: 'set_aside', failuresInARow: 5, untilMs: 1_000 });
    const merged = mergeTargetStates([
      state({ failuresInARow: 7 }),
      aside,
      state({ state: 'probing' }),
      { ...aside, untilMs: 3_000 },
    ]);
    expect(merged).toEqual([state({ state: 'set_aside', failuresInARow: 7, untilMs: 3_000 })]);
  });

  it('is told apart by target and by key', () => {
    const states = [
      state({}),
      state({ keyNumber: 1 }),
      state({ keyNumber: 2 }),
      state({ upstreamModel: 'b' }),
    ];
    expect(mergeTargetStates([...states, ...states])).toEqual(states);
  });
});
