import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { droppedLogLines } from '../logging/line-output.js';
import { CallReports } from '../../payments/call-reports.js';
import { RunningCalls } from '../../payments/running-calls.js';
import { AttemptCounts } from '../../providers/attempt-counts.js';
import { TargetHealth } from '../../providers/target-health.js';
import { registerCallMetrics } from './call-metrics.js';

/** What this process has seen, in Prometheus terms. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();
  private readonly requests = new Counter({
    name: 'slipstream_requests_total',
    help: 'Answers by surface and status; status "left" is a client that closed before the end.',
    labelNames: ['surface', 'status'],
    registers: [this.registry],
  });

  constructor(calls: RunningCalls, reports: CallReports, attempts: AttemptCounts, targets: TargetHealth) {
    collectDefaultMetrics({ register: this.registry });
    registerCallMetrics(this.registry, reports, attempts);
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
      help: '0 while a target that kept failing is set aside; targets without recent failures are not listed.',
      labelNames: ['provider', 'model'],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const { provider, upstreamModel, state } of targets.snapshot()) {
          this.set({ provider, model: upstreamModel }, state === 'available' ? 1 : 0);
        }
      },
    });
  }

  countAnswer(surface: string, status: number | 'left'): void {
    this.requests.inc({ surface, status });
  }
}
