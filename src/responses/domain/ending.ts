import type { FinishReason } from '../../text/text-event.js';
import type { ResponseEnvelope } from './response.js';
import type { TerminalEventBody } from './response-event.js';
import type { TerminalStatus } from './status.js';

export interface EndingError {
  readonly type: string;
  readonly code: string;
  readonly message: string;
  readonly param: string | null;
}

/** How a run ended. For a completed run, the finish reason tells whether the answer is complete. */
export type Ending =
  | { readonly status: 'completed' }
  | { readonly status: 'failed'; readonly error: EndingError }
  | { readonly status: 'cancelled' };

type IncompleteDetails = ResponseEnvelope['incomplete_details'];

export interface Conclusion extends Pick<ResponseEnvelope, 'incomplete_details' | 'error'> {
  readonly status: TerminalStatus;
}

/** Why an answer is over: its model says so, or its client has steered it. */
export type StopReason = FinishReason | 'steered';

/** What cuts an answer short. */
const INCOMPLETE: Readonly<Partial<Record<StopReason, IncompleteDetails>>> = {
  steered: { reason: 'steered' },
  length: { reason: 'max_output_tokens' },
  content_filter: { reason: 'content_filter' },
};

export function conclude(ending: Ending, reason: StopReason = 'stop'): Conclusion {
  if (ending.status === 'failed') {
    const { code, message } = ending.error;
    return { status: 'failed', incomplete_details: null, error: { code, message } };
  }
  const incomplete_details = ending.status === 'completed' ? (INCOMPLETE[reason] ?? null) : null;
  return { status: incomplete_details ? 'incomplete' : ending.status, incomplete_details, error: null };
}

/** The published API has no event for a cancelled run; the status of its response tells. */
export const TERMINAL_EVENTS: Readonly<Record<TerminalStatus, TerminalEventBody['type']>> = {
  completed: 'response.completed',
  incomplete: 'response.incomplete',
  cancelled: 'response.incomplete',
  failed: 'response.failed',
};
