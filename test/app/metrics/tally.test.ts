import { expect, it } from '@jest/globals';
import { Counter, Registry } from 'prom-client';
import { Tally } from '../../../src/app/metrics/tally.js';

const HELP = 'How long it took.';

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
