import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { Target } from '../catalog/model.js';
import { markOf } from '../catalog/provider-keys.js';
import { GatewayError } from '../base/errors/gateway-error.js';
import { Moments } from '../base/moments/moments.js';
import { LivesIn, type Worker } from '../base/work/worker.js';
import { Holds } from '../payments/holds.js';
import type { HoldAnswer, PendingHold } from '../payments/key-queue.js';
import { isRefusal, type HoldGrant } from '../payments/ledger.js';
import type { RetryPlan } from '../providers/retry-plan.js';
import type { VideoSubmission } from '../providers/video/video-provider.js';
import { VideoGeneration, type Sent, type SubmissionOptions } from '../providers/video-generation.js';
import { advance } from './domain/advance.js';
import type { VideoJob } from './domain/video-job.js';
import { keepTrying } from './keep-trying.js';
import { VideoSettings } from './settings.js';
import { SUBMISSION_UNKNOWN } from './submission-unknown.js';
import { intentOf, submissionOf, type PreparedVideo, type VideoCommand } from './video-command.js';
import type { ImageSource } from './video-images.js';
import { VideoStore, type AcceptedVideo, type LostVideo, type VideoIntent } from './video-store.js';

/** No database statement runs for so long. */
const LATE_MS = 15_000;
/** Short, since many upstreams are fast, or finish at once. */
const FIRST_POLL_MS = 500;

/** The client that waits for the outcome. */
export interface Asker {
  /** Aborts when the client has left and cannot come back for the answer. */
  readonly gone: AbortSignal;
  readonly once: VideoIntent['once'];
}

export interface SubmittedVideo {
  readonly job: VideoJob;
  readonly grant: HoldGrant;
}

/** Submits videos to upstreams, after it has taken the hold and stored them, so that none is lost or begun twice. */
@Injectable()
@LivesIn('calls')
export class VideoSubmissions implements Worker {
  private readonly logger = new Logger(VideoSubmissions.name);
  /** Work with the id of its video; a video may have several. */
  private readonly running = new Map<Promise<unknown>, string>();
  private readonly cut = new AbortController();

  constructor(
    private readonly store: VideoStore,
    private readonly holds: Holds,
    private readonly generation: VideoGeneration,
    private readonly moments: Moments,
    private readonly settings: VideoSettings,
  ) {}

  /**
   * A client that leaves before its upstream is asked gets no video; after that, the video runs to its end.
   * @throws GatewayError when the ledger or the upstream refuses, or the image is invalid; then nothing is stored. 503
   * when the database does not store the outcome in time; the attempts go on.
   * @throws ClientLeft
   */
  async submit({ command, targets, image }: PreparedVideo, asker: Asker): Promise<SubmittedVideo> {
    const plan = this.generation.plan(targets);
    const first = plan.next();
    const grant = await this.takeHold(command, first, asker);
    const present: ImageSource = async (signal) => {
      const found = await image(signal);
      asker.gone.throwIfAborted();
      return found;
    };
    const refused = await this.track(command.id, this.begin(command, present, plan, first));
    const stored = await this.store.find(grant.accountId, command.id);
    if (!stored) throw refused ?? new GatewayError('video_not_found');
    return { job: stored.shown, grant };
  }

  /** Continues the submission of another process, at a target where nothing can begin twice. */
  resume({ id, requestId, attempt }: LostVideo, submission: VideoSubmission, target: Target): void {
    const unknown = new Error('the process that submitted it has died');
    const options = { ...this.optionsFor(id, requestId), unknown };
    const work = this.generation
      .submitAgain(submission, target, attempt, options)
      .then((submitted) => this.conclude(id, submitted));
    this.track(id, work).catch((failure: unknown) => {
      this.logger.error({ msg: 'the outcome of a video was not stored', videoId: id, err: failure });
    });
  }

  /** Fails a job that this process submits, although the upstream may have begun it. */
  async failUnknown(id: string, provider: string, cause: unknown): Promise<void> {
    this.logger.error({
      msg: 'it is not known whether a provider has accepted a video: it may cost money there',
      videoId: id,
      provider,
      err: cause,
    });
    this.moments.publish({ type: 'video_submitted', videoId: id, outcome: 'unknown' });
    if (await this.persist(id, () => this.store.failSubmission(id, SUBMISSION_UNKNOWN)))
      this.moments.publish({ type: 'video_ended', videoId: id, outcome: 'failed' });
    this.moments.publish({ type: 'video_changed', videoId: id });
  }

  /** Videos that this process is submitting. */
  get underWay(): readonly string[] {
    return [...this.running.values()];
  }

  /** Resolves when no submission is under way. */
  async whenIdle(): Promise<void> {
    while (this.running.size > 0) await Promise.allSettled(this.running.keys());
  }

  /** The process ends: a submission without an answer fails, with an unknown outcome. */
  cutOff(): void {
    this.cut.abort();
  }

  private track<Result>(id: string, work: Promise<Result>): Promise<Result> {
    this.running.set(work, id);
    const over = (): boolean => this.running.delete(work);
    work.then(over, over);
    return work;
  }

  private async takeHold(command: VideoCommand, target: Target, { gone, once }: Asker): Promise<HoldGrant> {
    const { id, origin } = command;
    const { wanted } = command.price;
    const intent = intentOf(command, target, once);
    try {
      const pending = this.holds.takeBy(origin, wanted, intent, (attempted) => this.store.submit(attempted));
      const answer = await answerFor(gone, pending);
      if (!isRefusal(answer)) return answer;
      throw await this.holds.refusalOf(answer, origin);
    } catch (failure) {
      if (failure instanceof GatewayError) throw failure;
      this.track(id, this.takeBack(id)).catch(() => undefined);
      throw unavailable(failure);
    }
  }

  /**
   * The hold may have been taken although the answer was lost; nothing was sent upstream, and nothing will be. The
   * statement may even be running still, since a database does not notice that its client no longer waits. So a second
   * withdrawal follows when the statement must have ended.
   */
  private async takeBack(id: string): Promise<void> {
    const withdraw = (): Promise<void> => this.store.withdraw(id);
    await keepTrying(withdraw, this.cut.signal);
    await sleep(LATE_MS, undefined, { signal: this.cut.signal }).catch(() => undefined);
    await keepTrying(withdraw, this.cut.signal);
  }

  /** @returns the refusal, if there is one */
  private async begin(
    command: VideoCommand,
    imageSource: ImageSource,
    plan: RetryPlan,
    first: Target,
  ): Promise<GatewayError | undefined> {
    const { id, origin } = command;
    let image;
    try {
      image = await imageSource(this.cut.signal);
    } catch (failure) {
      await this.persist(id, () => this.store.withdraw(id));
      throw failure;
    }
    const submission = submissionOf(command, image);
    const options = this.optionsFor(id, origin.requestId);
    const submitted = await this.generation.submit(submission, plan, first, options);
    if ('refused' in submitted) {
      this.moments.publish({ type: 'video_submitted', videoId: id, outcome: 'refused' });
      await this.persist(id, () => this.store.withdraw(id));
      return submitted.refused;
    }
    await this.conclude(id, submitted);
    return undefined;
  }

  private optionsFor(id: string, requestId: string): SubmissionOptions {
    return {
      signal: this.cut.signal,
      requestId,
      onTarget: async ({ provider, upstreamModel }, attempt) => {
        const upstreamKey = provider.keyNumber === undefined ? undefined : markOf(provider);
        const place = { provider: provider.id, upstreamModel, upstreamKey };
        const isOurs = await this.store.retarget(id, place, attempt).catch((failure: unknown) => {
          throw unavailable(failure);
        });
        if (!isOurs) throw new Error('another process submits this video');
      },
    };
  }

  private async conclude(id: string, submitted: Sent): Promise<void> {
    if ('snapshot' in submitted) return this.accept(id, submitted);
    const { provider } = submitted.target;
    // Left to the surviving processes, as if this one had died.
    if (this.cut.signal.aborted && provider.idempotentVideos) return;
    await this.failUnknown(id, provider.id, submitted.unknown);
  }

  private async accept(
    id: string,
    { snapshot, target }: Extract<Sent, { snapshot: unknown }>,
  ): Promise<void> {
    this.moments.publish({ type: 'video_submitted', videoId: id, outcome: 'accepted' });
    const next = advance({ status: 'submitting', progress: 0 }, snapshot);
    const { upstreamId } = snapshot;
    // A job that has ended already is polled again at once, and that poll ends it.
    const accepted: AcceptedVideo =
      next.to === 'completed' || next.to === 'failed'
        ? { upstreamId, status: 'processing', progress: 0, nextPollMs: 0 }
        : { upstreamId, status: next.to, progress: next.progress, nextPollMs: FIRST_POLL_MS };
    const isTaken = await this.persist(id, () => this.store.accept(id, accepted));
    this.moments.publish({ type: 'video_changed', videoId: id });
    if (isTaken) return;
    this.logger.error({
      msg: 'a provider has accepted a video that had been given up: it may cost money there',
      videoId: id,
      provider: target.provider.id,
      upstreamId,
    });
  }

  /** @throws GatewayError 503 after half a lease, while the attempts go on */
  private persist<Result>(id: string, attempt: () => Promise<Result>): Promise<Result> {
    const work = this.track(id, keepTrying(attempt, this.cut.signal));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(unavailable()), this.settings.leaseMs / 2);
      work.then(resolve, (cause: unknown) => reject(unavailable(cause))).finally(() => clearTimeout(timer));
    });
  }
}

/** Stops waiting for budget when the client has left. */
async function answerFor(gone: AbortSignal, { answer, leave }: PendingHold): Promise<HoldAnswer> {
  gone.addEventListener('abort', leave);
  if (gone.aborted) leave();
  try {
    return await answer;
  } finally {
    gone.removeEventListener('abort', leave);
  }
}

function unavailable(cause?: unknown): GatewayError {
  return new GatewayError('service_unavailable', undefined, { retryAfterSeconds: 5, cause });
}
