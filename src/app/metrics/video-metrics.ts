import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Moments } from '../../base/moments/moments.js';
import { VideoStore } from '../../videos/video-store.js';
import { Metrics } from './metrics.js';
import { Tally } from './tally.js';

/** Metrics of videos. */
@Injectable()
export class VideoMetrics {
  constructor({ registry }: Metrics, moments: Moments, store: VideoStore) {
    new Gauge({
      name: 'slipstream_running_videos',
      help: 'Videos that have not ended, by status, whichever process made them; absent while the database fails.',
      labelNames: ['status'],
      // Each process counts those of all.
      aggregator: 'max',
      registers: [registry],
      async collect() {
        this.reset();
        const running = await store.countRunning().catch(() => []);
        for (const { status, count } of running) this.set({ status }, count);
      },
    });
    const tally = (name: string, help: string, outcomes: readonly string[]): Tally<'outcome'> => {
      const counts = new Tally(registry, { name, help, labelNames: ['outcome'] });
      for (const outcome of outcomes) counts.add({ outcome }, 0);
      return counts;
    };
    const counts = {
      video_submitted: tally(
        'slipstream_video_submissions_total',
        'Videos by what their provider said; "unknown" ones may cost money there.',
        ['accepted', 'refused', 'unknown'],
      ),
      video_polled: tally('slipstream_video_polls_total', 'Questions to providers by what they found.', [
        'running',
        'completed',
        'failed',
        'missed',
      ]),
      video_ended: tally('slipstream_videos_ended_total', 'Videos that this process ended.', [
        'completed',
        'failed',
      ]),
    };
    moments.subscribe((moment) => {
      switch (moment.type) {
        case 'video_submitted':
        case 'video_polled':
        case 'video_ended':
          return counts[moment.type].add({ outcome: moment.outcome });
        default:
      }
    });
  }
}
