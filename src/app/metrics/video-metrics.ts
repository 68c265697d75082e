import { Injectable } from '@nestjs/common';
import { Counter, Gauge, type Registry } from 'prom-client';
import { VideoMoments } from '../../videos/video-moments.js';
import { VideoStore } from '../../videos/video-store.js';
import { Metrics } from './metrics.js';

/** What there is to know of videos. */
@Injectable()
export class VideoMetrics {
  private readonly registry: Registry;

  constructor({ registry }: Metrics, { counts }: VideoMoments, store: VideoStore) {
    this.registry = registry;
    new Gauge({
      name: 'slipstream_running_videos',
      help: 'Videos that have not ended, by status, whichever process made them; absent while the database fails.',
      labelNames: ['status'],
      registers: [registry],
      async collect() {
        this.reset();
        const running = await store.countRunning().catch(() => []);
        for (const { status, count } of running) this.set({ status }, count);
      },
    });
    this.count(
      'slipstream_video_submissions_total',
      'Videos by what their provider said; "unknown" ones may cost money there.',
      counts.submissions,
    );
    this.count('slipstream_video_polls_total', 'Questions to providers by what they found.', counts.polls);
    this.count('slipstream_videos_ended_total', 'Videos that this process ended.', counts.ends);
  }

  private count(name: string, help: string, values: Readonly<Record<string, number>>): void {
    new Counter({
      name,
      help,
      labelNames: ['outcome'],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [outcome, count] of Object.entries(values)) this.inc({ outcome }, count);
      },
    });
  }
}
