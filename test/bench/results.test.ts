import { describe, expect, it } from '@jest/globals';
import { comparison, figuresOf, mediansOf, table, TOLERANCE, type Figure } from './bench.js';

/** One figure with a run of each column a round; the numbers are CPU a call. */
function cpu(rounds: Readonly<Record<string, readonly number[]>>, row: object = {}): Figure {
  const samples = Object.fromEntries(
    Object.entries(rounds).map(([column, values]) => [
      column,
      values.map((value) => ({ result: value, cost: {}, busy: false })),
    ]),
  );
  const rows = [
    {
      id: 'cpu',
      label: 'CPU',
      pick: ({ result }: { result: number }) => result,
      compared: 'ratio' as const,
      checked: true,
      ...row,
    },
  ];
  const [figure] = figuresOf({ name: 'chat', rows }, samples, 'proxy');
  return figure!;
}

describe('a figure of the benchmark', () => {
  it('compares columns within each round, and takes the median of that', () => {
    const figure = cpu({ proxy: [100, 200, 100], native: [300, 800, 500], external: [100, 200, 300] });
    expect(mediansOf(figure)).toEqual({
      proxy: 100,
      native: 500,
      external: 200,
      'native/proxy': 4,
      'external/proxy': 1,
    });
  });

  it('may be a difference', () => {
    const figure = cpu({ proxy: [1, 2], native: [3, 5] }, { compared: 'difference' });
    expect(mediansOf(figure)).toMatchObject({ 'native-proxy': 2.5 });
  });

  it('may be compared with something else of the yardstick', () => {
    const base = ({ result }: { result: number }): number => result * 10;
    expect(mediansOf(cpu({ proxy: [1], native: [30] }, { base }))).toMatchObject({ 'native/proxy': 3 });
  });

  it('is one value of all rounds together where it is pooled', () => {
    const pooled = (results: number[]): number => results.reduce((sum, value) => sum + value, 0);
    expect(cpu({ proxy: [1, 2, 4] }, { pooled }).values).toEqual({ proxy: [7] });
  });

  it('is printed as median and range, and says where the harness may have limited it', () => {
    const figure: Figure = { ...cpu({ proxy: [1, 1, 1], native: [2, 4, 3] }), busy: ['proxy'] };
    const comparisons = [{ heading: 'native ÷ proxy', upper: 'native', lower: 'proxy', yardstick: true }];
    const printed = table({ title: 'part', columns: ['proxy', 'native'], comparisons, figures: [figure] });
    expect(printed.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['part', 'proxy', 'native', 'native ÷ proxy'],
      ['CPU', '1!', '3', '3.00 (2.00..4.00)'],
    ]);
  });
});

describe('--compare', () => {
  const before = { figures: { 'chat.cpu': { 'native/proxy': 4, 'external/proxy': 4 } } };
  const at = (ratio: number): Figure => cpu({ proxy: [100], native: [100 * ratio], external: [400] });

  it('accepts what is better, or worse within the tolerance', () => {
    for (const ratio of [1, 4, 4 * (1 + TOLERANCE)])
      expect(comparison([at(ratio)], before)).toMatchObject({ worse: false, lines: { length: 2 } });
  });

  it('refuses what is worse by more, and says it of that surface alone', () => {
    const { worse, lines } = comparison([at(5.1)], before);
    expect(worse).toBe(true);
    expect(lines.map((line) => line.includes('worse'))).toEqual([true, false]);
  });

  it('passes over what was not measured then, and what is not checked', () => {
    expect(comparison([at(9)], { figures: {} })).toEqual({ lines: [], worse: false });
    expect(comparison([{ ...at(9), checked: false }], before)).toEqual({ lines: [], worse: false });
  });
});
