/** `submitting`: held for and stored, while the upstream has not accepted it yet; clients see `queued`. */
export type VideoStatus = 'submitting' | 'queued' | 'processing' | 'completed' | 'failed';

/** What a job can become; the two without an entry never change. */
const NEXT: Readonly<Record<VideoStatus, readonly VideoStatus[]>> = {
  submitting: ['queued', 'processing', 'completed', 'failed'],
  queued: ['processing', 'completed', 'failed'],
  processing: ['completed', 'failed'],
  completed: [],
  failed: [],
};

export function mayBecome(from: VideoStatus, to: VideoStatus): boolean {
  return NEXT[from].includes(to);
}

export function isTerminal(status: VideoStatus): boolean {
  return NEXT[status].length === 0;
}
