import { Injectable, Logger } from '@nestjs/common';
import { Subscription } from 'rxjs';
import { LivesIn, Recurs, type Worker } from '../../base/work/worker.js';
import { AnswerFrames } from './answer-frames.js';
import { RunningAnswers, type LiveAnswer } from './running-answers.js';

/** Longest time until it is seen that somebody has joined a stream elsewhere. */
const LOOK_MS = 250;

/**
 * Writes what the streams of this process show, for as long as somebody follows them in another one. What comes while a
 * part is being written is the next part.
 */
@Injectable()
@LivesIn('upkeep')
export class SharedAnswers implements Worker {
  private readonly logger = new Logger(SharedAnswers.name);
  private readonly shared = new Map<string, SharedAnswer>();

  constructor(
    private readonly running: RunningAnswers,
    private readonly frames: AnswerFrames,
  ) {}

  @Recurs({ name: 'the look for streams that are joined elsewhere', every: LOOK_MS, phase: 'upkeep' })
  async look(): Promise<void> {
    const streams = this.running.streams();
    if (streams.length === 0) return;
    const watched = new Set(await this.frames.watched(streams));
    for (const [id, answer] of this.shared) if (!watched.has(id)) void answer.end();
    for (const id of watched) {
      const live = this.running.find(id)?.live();
      if (live && !this.shared.has(id)) this.share(id, live);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.shared.values()].map((answer) => answer.end()));
  }

  private share(id: string, live: LiveAnswer): void {
    const answer = new SharedAnswer(id, live, this.frames);
    this.shared.set(id, answer);
    answer.whenEnded.then(
      () => this.shared.delete(id),
      (failure: unknown) => {
        // Followers get the rest at the end. If they still wait, the next look begins anew.
        this.shared.delete(id);
        this.logger.warn({ msg: 'a stream could not be shared', responseId: id, err: failure });
      },
    );
  }
}

class SharedAnswer {
  /** Rejects when something could not be written. */
  readonly whenEnded: Promise<void>;
  private readonly subscription = new Subscription();
  private unwritten = '';
  private wake = (): void => undefined;
  private isOver = false;

  constructor(
    private readonly id: string,
    private readonly live: LiveAnswer,
    private readonly frames: AnswerFrames,
  ) {
    this.whenEnded = this.write().finally(() => this.subscription.unsubscribe());
    const over = (): void => void this.end();
    this.subscription.add(
      live.frames().subscribe({
        next: (text) => {
          this.unwritten += text;
          this.wake();
        },
        error: over,
        complete: over,
      }),
    );
  }

  /** @returns when nothing of it is stored any more, or it is known that this cannot be had */
  end(): Promise<void> {
    this.isOver = true;
    this.wake();
    return this.whenEnded.catch(() => undefined);
  }

  private async write(): Promise<void> {
    let start = 0;
    while (!this.isOver) {
      const frames = this.unwritten;
      this.unwritten = '';
      if (frames === '') await new Promise<void>((resolve) => (this.wake = resolve));
      else await this.frames.append(this.id, { start, frames, headers: this.live.headers() });
      start += frames.length;
    }
    await this.frames.remove(this.id);
  }
}
