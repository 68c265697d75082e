import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { MetricJson } from '../../../src/app/cluster/counter-sums.js';
import { KeptCounters } from '../../../src/app/cluster/kept-counters.js';

const counter = (counts: Readonly<Record<string, number>>): MetricJson => ({
  name: 'calls',
  help: 'Calls.',
  type: 'counter',
  aggregator: 'sum',
  values: Object.entries(counts).map(([model, value]) => ({ value, labels: { model } })),
});

function sumOf(lists: readonly (readonly MetricJson[])[]): number {
  const values = lists.flat().flatMap((metric) => metric.values);
  return values.reduce((sum, { value }) => sum + value, 0);
}

/** What happens to a worker: it counts, it dies and is replaced, or it answers a scrape or not. */
const event = fc.record({
  worker: fc.nat({ max: 3 }),
  what: fc.constantFrom('counts' as const, 'dies' as const, 'is scraped' as const),
  answering: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
});

describe('what is kept of workers', () => {
  it('adds up by name, part and labels, whatever their order, and leaves gauges out', () => {
    const kept = new KeptCounters();
    const gauge: MetricJson = { ...counter({ a: 7 }), name: 'running', type: 'gauge' };
    const part = (labels: Record<string, string>, value: number): MetricJson => ({
      ...counter({}),
      name: 'seconds',
      type: 'histogram',
      values: [{ metricName: 'seconds_bucket', labels, value }],
    });
    kept.heard(1, [counter({ a: 1, b: 2 }), gauge, part({ le: '1', model: 'a' }, 3)]);
    kept.heard(2, [counter({ a: 10 }), part({ model: 'a', le: '1' }, 4)]);
    kept.workerEnded(1);
    expect(kept.without(new Set())).toEqual([
      counter({ a: 11, b: 2 }),
      expect.objectContaining({
        name: 'seconds',
        values: [expect.objectContaining({ metricName: 'seconds_bucket', value: 7 })],
      }),
    ]);
    expect(sumOf([kept.without(new Set([2]))])).toBe(6);
  });

  it('never lets a sum go down that was shown', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const kept = new KeptCounters();
        const workers = [0, 1, 2, 3].map((id) => ({ id, counts: 0 }));
        let nextId = 4;
        let shown = 0;
        for (const { worker, what, answering } of events) {
          const one = workers[worker];
          if (!one) continue;
          if (what === 'counts') one.counts += 1;
          else if (what === 'dies') {
            kept.workerEnded(one.id);
            Object.assign(one, { id: nextId++, counts: 0 });
          } else {
            const answered = workers.filter((_, index) => answering[index]);
            const answers = answered.map(({ counts }) => [counter({ a: counts })]);
            for (const { id, counts } of answered) kept.heard(id, [counter({ a: counts })]);
            const sum = sumOf([...answers, kept.without(new Set(answered.map(({ id }) => id)))]);
            expect(sum).toBeGreaterThanOrEqual(shown);
            shown = sum;
          }
        }
      }),
    );
  });
});
