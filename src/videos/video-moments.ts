import { Injectable } from '@nestjs/common';
import { Subject } from 'rxjs';

/** `unknown`: a provider may have accepted it. */
type SubmissionOutcome = 'accepted' | 'refused' | 'unknown';
/** `missed`: the provider could not be asked. */
type PollOutcome = 'running' | 'completed' | 'failed' | 'missed';
type End = 'completed' | 'failed';

/** What this process has done for videos since it started. Each end is counted by the process that brought it about. */
export interface VideoCounts {
  readonly submissions: Record<SubmissionOutcome, number>;
  readonly polls: Record<PollOutcome, number>;
  readonly ends: Record<End, number>;
}

/** What happens to videos in this process, told to it at once; other processes look by the clock. */
@Injectable()
export class VideoMoments {
  /** Ids of videos of which something has changed. */
  readonly changes = new Subject<string>();
  readonly counts: VideoCounts = {
    submissions: { accepted: 0, refused: 0, unknown: 0 },
    polls: { running: 0, completed: 0, failed: 0, missed: 0 },
    ends: { completed: 0, failed: 0 },
  };

  changed(videoId: string): void {
    this.changes.next(videoId);
  }

  submitted(outcome: SubmissionOutcome): void {
    this.counts.submissions[outcome] += 1;
  }

  polled(outcome: PollOutcome): void {
    this.counts.polls[outcome] += 1;
  }

  ended(end: End): void {
    this.counts.ends[end] += 1;
  }
}
