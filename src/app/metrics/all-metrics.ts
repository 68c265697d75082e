import { Injectable } from '@nestjs/common';
import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client';
import { Siblings } from '../../base/work/siblings.js';
import { Metrics } from './metrics.js';

type MetricJson = MetricObjectWithValues<MetricValue<string>>;

/** The metrics of all processes that serve this port, as one. */
@Injectable()
export class AllMetrics {
  constructor(
    private readonly metrics: Metrics,
    private readonly siblings: Siblings,
  ) {
    siblings.answerWith('metrics', () => this.own());
  }

  async text(): Promise<string> {
    if (this.siblings.isAlone) return this.metrics.registry.metrics();
    const all = (await this.siblings.ask('metrics')) as readonly MetricJson[][];
    return AggregatorRegistry.aggregate([...all]).metrics();
  }

  /** Without values that are no numbers yet, such as the average of nothing: they have no sum, and JSON has no word for them. */
  private async own(): Promise<readonly MetricJson[]> {
    const metrics = await this.metrics.registry.getMetricsAsJSON();
    return metrics.map((metric) => ({
      ...metric,
      values: metric.values.filter(({ value }) => Number.isFinite(value)),
    }));
  }
}
