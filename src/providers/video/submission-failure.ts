import { UpstreamFailure } from '../upstream-failure.js';

/** These say that the request was not accepted, as does everything from 400 to 499 that is not in the list below. */
const REFUSED_FROM_500: ReadonlySet<number> = new Set([501, 503, 505]);
/** A request that arrived in part, or that met another like it: the first of the two may have been accepted. */
const UNKNOWN_BELOW_500: ReadonlySet<number> = new Set([408, 409]);

/** Whether an upstream that answers a submission with this status has certainly begun no job. */
export function refusesSubmission(status: number): boolean {
  return status < 500 ? status >= 400 && !UNKNOWN_BELOW_500.has(status) : REFUSED_FROM_500.has(status);
}

/**
 * Runs one submission so that its failures say whether a job may have begun, and are retryable only where a second
 * attempt cannot begin a second job: when the request was never sent, and after a 429.
 */
export async function submitting<Result>(run: (onSent: () => void) => Promise<Result>): Promise<Result> {
  const progress = { sent: false };
  try {
    return await run(() => {
      progress.sent = true;
    });
  } catch (failure) {
    if (!(failure instanceof UpstreamFailure)) throw failure;
    const { error, options } = failure;
    const { sent } = progress;
    const refused = !sent || options.refused === true;
    const retryable = sent ? refused && error.status === 429 : options.retryable;
    throw new UpstreamFailure(error, { ...options, refused, retryable });
  }
}
