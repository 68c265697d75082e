import { Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { HeaderFields } from '../../streaming/presenter.js';

/** The answer of a call that still runs, on its way to whoever asks for it. */
export interface LiveAnswer {
  readonly kind: 'live';
  /** As far as they are known. */
  readonly headers: () => HeaderFields;
  /** What was shown so far, and then the rest as it comes. Cold. */
  readonly frames: () => Observable<string>;
}

/** What this process records of a running answer. */
export interface RunningAnswer {
  /** Undefined for a whole answer, and for a stream of which not everything is kept. */
  live(): LiveAnswer | undefined;
  /** Resolves when the call has ended and its record is written. */
  readonly whenEnded: Promise<void>;
}

/** Answers of calls that run once, while they run in this process, by the id of the response. */
@Injectable()
export class RunningAnswers {
  private readonly answers = new Map<string, RunningAnswer>();

  add(responseId: string, answer: RunningAnswer): void {
    this.answers.set(responseId, answer);
  }

  remove(responseId: string): void {
    this.answers.delete(responseId);
  }

  /** Ids of the streams of which everything is kept. */
  streams(): readonly string[] {
    return [...this.answers].flatMap(([id, answer]) => (answer.live() ? [id] : []));
  }

  find(responseId: string): RunningAnswer | undefined {
    return this.answers.get(responseId);
  }
}
