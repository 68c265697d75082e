import { expect, it } from '@jest/globals';
import { Counter, Histogram, Registry } from 'prom-client';
import { Observations, registerHistogram } from '../../../src/app/metrics/histogram.js';
import { Tally } from '../../../src/app/metrics/tally.js';

const NAME = 'slipstream_seconds';
const HELP = 'How long it took.';

it('a histogram shows what prom-client would of the same observations', async () => {
  const [own, theirs] = [new Registry(), new Registry()];
  const bounds = [0.5, 1, 60];
  const totals = [
    { labels: { model: 'first', provider: 'one' }, seconds: new Observations(bounds) },
    { labels: { model: 'second "quoted"', provider: 'one' }, seconds: new Observations(bounds) },
  ];
  registerHistogram(own, NAME, HELP, () => totals.map(({ labels, seconds }) => [labels, seconds]));
  const histogram = new Histogram({
    name: NAME,
    help: HELP,
    labelNames: ['model', 'provider'],
    buckets: bounds,
    registers: [theirs],
  });
  for (const { labels, seconds } of totals)
    for (const value of [0, 0.5, 0.7, 1, 59.9, 61, 1_000]) {
      seconds.observe(value);
      histogram.observe(labels, value);
    }
  expect(await own.metrics()).toBe(await theirs.metrics());
});

it('a tally shows what a counter would of the same counts', async () => {
  const [own, theirs] = [new Registry(), new Registry()];
  const described = { name: 'slipstream_total', help: HELP, labelNames: ['surface', 'status'] as const };
  const tally = new Tally(own, described);
  const counter = new Counter({ ...described, registers: [theirs] });
  expect(await own.metrics()).toBe(await theirs.metrics());
  for (const status of ['200', 'left', '200']) {
    tally.add({ surface: 'native', status });
    counter.inc({ surface: 'native', status });
  }
  tally.add({ surface: 'external', status: '200' }, 0);
  counter.inc({ surface: 'external', status: '200' }, 0);
  expect(await own.metrics()).toBe(await theirs.metrics());
  expect(await own.metrics()).toBe(await theirs.metrics());
});
