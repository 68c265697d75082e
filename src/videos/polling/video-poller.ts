import { Injectable, Logger } from '@nestjs/common';
import { toGatewayError } from '../../base/errors/gateway-error.js';
import { Moments } from '../../base/moments/moments.js';
import { LivesIn, type Worker } from '../../base/work/worker.js';
import { UpstreamFailure } from '../../providers/upstream-failure.js';
import type { UpstreamJob, VideoError } from '../domain/video-job.js';
import { VideoSettings } from '../settings.js';
import { UpstreamVideos } from '../upstream-videos.js';
import { VideoEndings } from '../video-endings.js';
import { PollStore } from './poll-store.js';
import { Wake } from './wake.js';

/** Most polls of one process at the same time. */
const MOST_AT_ONCE = 256;
/** Longest pause between two looks at due jobs, which also find the jobs that other processes accepted. */
const LONGEST_LOOK_MS = 1_000;
/** Shortest pause: a due job that cannot be claimed is being claimed by another process. */
const SHORTEST_LOOK_MS = 10;

interface Poll {
  /** Aborts the call to the upstream. */
  readonly cut: AbortController;
  readonly ended: Promise<void>;
}

const UPSTREAM_UNAVAILABLE: VideoError = {
  code: 'upstream_unavailable',
  message: "The model's provider could not be asked for this video for too long.",
};
const TIMED_OUT: VideoError = {
  code: 'upstream_timeout',
  message: "The model's provider has not made this video in time.",
};

/**
 * Asks the upstreams about their jobs. Every process does so; the database decides which process asks about which job,
 * and when. A claim lasts for one poll, and the process returns it with the time of the next. A dead process's claim
 * expires.
 */
@Injectable()
@LivesIn('upstreams')
export class VideoPoller implements Worker {
  private readonly logger = new Logger(VideoPoller.name);
  private readonly polls = new Map<string, Poll>();
  private isStopped = false;
  private readonly wake = new Wake();
  private endListening: (() => void) | undefined;
  private looping: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: PollStore,
    private readonly upstream: UpstreamVideos,
    private readonly endings: VideoEndings,
    private readonly moments: Moments,
    private readonly settings: VideoSettings,
  ) {}

  start(): void {
    this.endListening = this.moments.subscribe(({ type }) => {
      if (type === 'video_changed') this.wake.now();
    });
    this.looping = this.loop();
  }

  /** Looks again now, because a job may be due sooner than before. */
  look(): void {
    this.wake.now();
  }

  /** Aborts running polls and leaves the jobs to other processes. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.wake.now();
    this.endListening?.();
    await this.looping;
    for (const { cut } of this.polls.values()) cut.abort();
    await Promise.allSettled([...this.polls.values()].map(({ ended }) => ended));
    await this.store.giveBack().catch((failure: unknown) => this.report(failure));
  }

  private async loop(): Promise<void> {
    while (!this.isStopped) {
      let pauseMs = LONGEST_LOOK_MS;
      try {
        pauseMs = await this.round();
      } catch (failure) {
        this.report(failure);
      }
      await this.wake.within(pauseMs);
    }
  }

  /** @returns milliseconds until the next round */
  private async round(): Promise<number> {
    const free = MOST_AT_ONCE - this.polls.size;
    if (free === 0) return LONGEST_LOOK_MS;
    const jobs = await this.store.claim(free, this.settings.leaseMs);
    for (const job of jobs) this.begin(job);
    if (jobs.length === free) return LONGEST_LOOK_MS;
    const dueMs = await this.store.nextDueMs();
    return Math.min(Math.max(Math.ceil(dueMs ?? LONGEST_LOOK_MS), SHORTEST_LOOK_MS), LONGEST_LOOK_MS);
  }

  private begin(job: UpstreamJob): void {
    // The claim expired while the job's last poll was still trying to store its result.
    if (this.polls.has(job.id)) return;
    const cut = new AbortController();
    // The poll must end before another process may claim the job.
    const timer = setTimeout(() => cut.abort(), (this.settings.leaseMs * 2) / 3);
    const ended = this.poll(job, cut.signal).finally(() => {
      clearTimeout(timer);
      this.polls.delete(job.id);
      this.wake.now();
    });
    this.polls.set(job.id, { cut, ended });
  }

  /** Never rejects: a job whose result could not be stored is polled again when its claim expires. */
  private async poll(job: UpstreamJob, signal: AbortSignal): Promise<void> {
    try {
      const failure = await this.ask(job, signal);
      if (failure !== undefined && !this.isStopped) await this.miss(job, failure);
    } catch (failure) {
      this.report(failure);
    }
  }

  /** @returns the failure, if the upstream could not be asked */
  private async ask(job: UpstreamJob, signal: AbortSignal): Promise<unknown> {
    let reported;
    try {
      const { provider, video } = this.upstream.locate(job);
      reported = await provider.find(video, signal);
    } catch (failure) {
      return failure;
    }
    if (reported !== 'gone' && reported.unknownState !== undefined)
      this.logger.warn({
        msg: 'a provider has told of a state that is not known here',
        provider: job.provider,
        state: reported.unknownState,
      });
    const next = await this.endings.apply(job, reported);
    const outcome = next.to === 'queued' || next.to === 'processing' ? 'running' : next.to;
    this.moments.publish({ type: 'video_polled', videoId: job.id, outcome });
    if (next.to === 'completed' || next.to === 'failed') return undefined;
    if (Date.now() - job.createdAtMs > this.settings.polls.timeoutMs) return this.timeOut(job);
    await this.store.seen(job.id, { status: next.to, progress: next.progress }, this.settings.polls);
    this.moments.publish({ type: 'video_changed', videoId: job.id });
    return undefined;
  }

  private async timeOut({ id, provider, upstreamId }: UpstreamJob): Promise<void> {
    if (!(await this.endings.fail(id, TIMED_OUT))) return;
    this.logger.error({
      msg: 'a provider has not made a video in time, and may still: it may cost money there',
      videoId: id,
      provider,
      upstreamId,
    });
  }

  private async miss(job: UpstreamJob, failure: unknown): Promise<void> {
    const error = failure instanceof UpstreamFailure ? failure.error : toGatewayError(failure);
    this.moments.publish({ type: 'video_polled', videoId: job.id, outcome: 'missed' });
    const failingMs = await this.store.missed(job.id, this.settings.polls);
    this.logger.warn({
      msg: 'a provider could not be asked for a video',
      videoId: job.id,
      provider: job.provider,
      code: error.code,
      failingMs: Math.round(failingMs),
      err: error.cause,
    });
    if (failingMs >= this.settings.polls.giveUpMs) await this.endings.fail(job.id, UPSTREAM_UNAVAILABLE);
  }

  private report(failure: unknown): void {
    this.logger.error({ msg: 'videos were not polled', err: failure });
  }
}
