export type TerminalStatus = 'completed' | 'incomplete' | 'failed' | 'cancelled';
export type ResponseStatus = 'queued' | 'in_progress' | TerminalStatus;

/** `queued → in_progress → completed | incomplete | failed | cancelled`; a terminal status never changes. */
const NEXT: Readonly<Record<ResponseStatus, readonly ResponseStatus[]>> = {
  queued: ['in_progress', 'failed', 'cancelled'],
  in_progress: ['completed', 'incomplete', 'failed', 'cancelled'],
  completed: [],
  incomplete: [],
  failed: [],
  cancelled: [],
};

export function isTerminal(status: ResponseStatus): status is TerminalStatus {
  return NEXT[status].length === 0;
}

/** @throws Error for a transition that is not in the table: a bug of the caller. */
export function move<To extends ResponseStatus>(from: ResponseStatus, to: To): To {
  if (!NEXT[from].includes(to)) throw new Error(`a response cannot go from ${from} to ${to}`);
  return to;
}
