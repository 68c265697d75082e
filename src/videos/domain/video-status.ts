/** `submitting`: its hold is taken and it is stored, but the upstream has not accepted it yet; clients see `queued`. */
export type VideoStatus = 'submitting' | 'queued' | 'processing' | 'completed' | 'failed';

/** Allowed next statuses; the two statuses without an entry are final. */
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
