import type { MetricJson } from './counter-sums.js';

/** What the primary alone knows: how many workers there are, and were. */
export function workerMetrics(counts: {
  /** That have answered. */
  readonly serving: number;
  /** That have not answered in time. */
  readonly silent: number;
  /** Of workers that were not told to end. */
  readonly deaths: number;
}): readonly MetricJson[] {
  return [
    {
      name: 'slipstream_workers',
      help: 'Worker processes; the figures of "silent" ones, which did not answer in time, are missing or old.',
      type: 'gauge',
      aggregator: 'sum',
      values: [
        { labels: { state: 'serving' }, value: counts.serving },
        { labels: { state: 'silent' }, value: counts.silent },
      ],
    },
    {
      name: 'slipstream_worker_deaths_total',
      help: 'Worker processes that ended without being told to.',
      type: 'counter',
      aggregator: 'sum',
      values: [{ labels: {}, value: counts.deaths }],
    },
  ];
}
