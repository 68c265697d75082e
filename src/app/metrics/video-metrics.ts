import { Counter, Gauge, type Registry } from 'prom-client';
import type { VideoCounts } from '../../videos/video-counts.js';
import type { VideoStore } from '../../videos/video-store.js';

/** Registers what there is to know of videos. */
export function registerVideoMetrics(registry: Registry, counts: VideoCounts, store: VideoStore): void {
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
  counter(
    'slipstream_video_submissions_total',
    'Videos by what their provider said; "unknown" ones may cost money there.',
    counts.submissions,
  );
  counter('slipstream_video_polls_total', 'Questions to providers by what they found.', counts.polls);
  counter('slipstream_videos_ended_total', 'Videos that this process ended.', counts.ends);

  function counter(name: string, help: string, values: Readonly<Record<string, number>>): void {
    new Counter({
      name,
      help,
      labelNames: ['outcome'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [outcome, count] of Object.entries(values)) this.inc({ outcome }, count);
      },
    });
  }
}
