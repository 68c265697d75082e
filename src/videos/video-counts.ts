import { Injectable } from '@nestjs/common';

/** `unknown`: a provider may have accepted it. */
type SubmissionOutcome = 'accepted' | 'refused' | 'unknown';
/** `missed`: the provider could not be asked. */
type PollOutcome = 'running' | 'completed' | 'failed' | 'missed';
type End = 'completed' | 'failed';

/** What this process has done for videos since it started. Each end is counted by the process that brought it about. */
@Injectable()
export class VideoCounts {
  readonly submissions: Record<SubmissionOutcome, number> = { accepted: 0, refused: 0, unknown: 0 };
  readonly polls: Record<PollOutcome, number> = { running: 0, completed: 0, failed: 0, missed: 0 };
  readonly ends: Record<End, number> = { completed: 0, failed: 0 };
}
