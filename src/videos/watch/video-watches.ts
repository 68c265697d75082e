import { Injectable, Logger } from '@nestjs/common';
import { Observable, type Subscriber } from 'rxjs';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { Moments } from '../../base/moments/moments.js';
import { EACH_THIRD_OF_A_LEASE, LivesIn, Recurs, type Worker } from '../../base/work/worker.js';
import { isTerminal } from '../domain/video-status.js';
import type { VideoProgress } from '../domain/video-job.js';
import { PollStore } from '../polling/poll-store.js';
import { VideoPoller } from '../polling/video-poller.js';
import { Wake } from '../polling/wake.js';
import { VideoSettings } from '../settings.js';
import { ToldIntervals } from './told-intervals.js';

/** Interval for looking at watched videos. This process's own polls are seen at once. */
const LOOK_MS = 200;

/** Interval while the database fails. */
const LOOK_AGAIN_MS = 1_000;

interface Watcher {
  readonly intervalMs: number;
  readonly subscriber: Subscriber<VideoProgress>;
}

/**
 * The watches of this process's clients. One look at the database serves all of them, and the database gets only one
 * interval for each video: the shortest.
 */
@Injectable()
@LivesIn('calls')
export class VideoWatches implements Worker {
  private readonly logger = new Logger(VideoWatches.name);
  private readonly watchers = new Map<string, Set<Watcher>>();
  private readonly told: ToldIntervals;
  /** Ids of videos that have changed. */
  private readonly rung = new Set<string>();
  private isLooking = false;
  private readonly wake = new Wake();
  private idleWaiters: (() => void)[] = [];
  private endListening: (() => void) | undefined;

  constructor(
    private readonly store: PollStore,
    poller: VideoPoller,
    private readonly moments: Moments,
    { leaseMs }: VideoSettings,
  ) {
    this.told = new ToldIntervals(
      store,
      leaseMs,
      (id) => this.intervalOf(id),
      () => poller.look(),
      (failure) => this.report(failure),
    );
  }

  start(): void {
    this.endListening = this.moments.subscribe((moment) => {
      if (moment.type !== 'video_changed' || !this.watchers.has(moment.videoId)) return;
      this.rung.add(moment.videoId);
      this.wake.now();
    });
  }

  @Recurs({ name: 'the renewal of what clients watch', every: EACH_THIRD_OF_A_LEASE, phase: 'calls' })
  renew(): Promise<void> {
    return this.told.renew();
  }

  /** Emits the state of a video, repeatedly, until the video has ended. Errors when it is deleted. */
  follow(id: string, intervalMs: number): Observable<VideoProgress> {
    return new Observable((subscriber) => {
      const watcher = { intervalMs, subscriber };
      this.watchers.set(id, (this.watchers.get(id) ?? new Set<Watcher>()).add(watcher));
      this.told.tell(id);
      if (!this.isLooking) void this.lookOn();
      return () => this.leave(id, watcher);
    });
  }

  /** Resolves when nobody watches. */
  whenIdle(): Promise<void> {
    return this.watchers.size === 0
      ? Promise.resolve()
      : new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  /** Ends all watches with an error. */
  cutOff(): void {
    for (const { subscriber } of [...this.watchers.values()].flatMap((watchers) => [...watchers]))
      subscriber.error(new GatewayError('server_error', 'The gateway stopped this stream. Watch again.'));
  }

  async stop(): Promise<void> {
    this.endListening?.();
    await this.told.whenTold();
  }

  private leave(id: string, watcher: Watcher): void {
    const watchers = this.watchers.get(id);
    watchers?.delete(watcher);
    if (watchers?.size === 0) this.watchers.delete(id);
    this.told.tell(id);
    if (this.watchers.size > 0) return;
    this.wake.now();
    for (const resolve of this.idleWaiters.splice(0)) resolve();
  }

  private intervalOf(id: string): number | undefined {
    const intervals = [...(this.watchers.get(id) ?? [])].map(({ intervalMs }) => intervalMs);
    return intervals.length === 0 ? undefined : Math.min(...intervals);
  }

  /** Looks at changed videos at once, and at all of them at each interval. */
  private async lookOn(): Promise<void> {
    this.isLooking = true;
    let nextRoundAt = performance.now() + LOOK_MS;
    while (this.watchers.size > 0) {
      await this.wake.within(Math.max(nextRoundAt - performance.now(), 0));
      const isRound = performance.now() >= nextRoundAt;
      if (isRound) nextRoundAt = performance.now() + LOOK_MS;
      const ids = [...(isRound ? this.watchers.keys() : this.rung)];
      this.rung.clear();
      await this.look(ids).catch((failure: unknown) => {
        this.report(failure);
        nextRoundAt = performance.now() + LOOK_AGAIN_MS;
      });
    }
    this.isLooking = false;
  }

  private async look(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const seen = new Map((await this.store.look(ids)).map((job) => [job.id, job]));
    for (const id of ids) {
      const job = seen.get(id);
      for (const { subscriber } of [...(this.watchers.get(id) ?? [])]) {
        if (!job) subscriber.error(new GatewayError('video_not_found'));
        else subscriber.next(job);
        if (job && isTerminal(job.status)) subscriber.complete();
      }
    }
  }

  private report(failure: unknown): void {
    this.logger.warn({ msg: 'watched videos were not looked at', err: failure });
  }
}
