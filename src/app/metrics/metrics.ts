import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { Moments } from '../../base/moments/moments.js';
import { droppedLogLines } from '../logging/line-output.js';
import { RunningCalls } from '../../payments/running-calls.js';
import { TargetHealth } from '../../providers/target-health.js';
import { CallMetrics } from './call-metrics.js';
import { Tally } from './tally.js';

/** Metrics of this process for Prometheus. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  constructor(calls: RunningCalls, targets: TargetHealth, moments: Moments) {
    const answers = new Tally(this.registry, {
      name: 'slipstream_requests_total',
      help: 'Answers by surface and status; status "left" is a client that closed before the end.',
      labelNames: ['surface', 'status'],
    });
    collectDefaultMetrics({ register: this.registry });
    const callMetrics = new CallMetrics(this.registry);
    moments.subscribe((moment) => {
      if (moment.type === 'answered') answers.add({ surface: moment.surface, status: String(moment.status) });
      else callMetrics.listen(moment);
    });
    new Gauge({
      name: 'slipstream_running_calls',
      help: 'Paid calls that run now.',
      registers: [this.registry],
      collect() {
        this.set(calls.size);
      },
    });
    new Counter({
      name: 'slipstream_log_lines_dropped_total',
      help: 'Lines of the log that could not be written: the disk is full, or nobody reads them.',
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(droppedLogLines());
      },
    });
    new Gauge({
      name: 'slipstream_upstream_target_available',
      help: '0 while a target, or one of the keys for it, is set aside; what had no recent failures is not listed.',
      labelNames: ['provider', 'model', 'key'],
      aggregator: 'min',
      registers: [this.registry],
      collect() {
        this.reset();
        for (const { provider, upstreamModel, keyNumber, state } of targets.snapshot()) {
          const key = keyNumber?.toString() ?? '';
          this.set({ provider, model: upstreamModel, key }, state === 'available' ? 1 : 0);
        }
      },
    });
  }
}
