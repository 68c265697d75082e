import { GatewayError } from '../../base/errors/gateway-error.js';
import { UpstreamFailure } from '../upstream-failure.js';
import { type Limits, ReadClock } from './read-clock.js';
import { UpstreamCall, type ResponseHead } from './upstream-call.js';

export interface ConverseOptions {
  readonly signal: AbortSignal;
  /** Called when the request is about to be written to a connected socket. */
  readonly onSent?: (() => void) | undefined;
  /** Streamed answers also have clocks for the first byte and for silence. */
  readonly stream: boolean;
  readonly limits: Limits;
}

/** One answer, read to its end or closed. Every failure is an UpstreamFailure, or the signal's own reason. */
export interface Answer {
  head(): Promise<ResponseHead>;
  read(): Promise<readonly Buffer[] | undefined>;
  /** Must be called once the reader is done, on every path. */
  close(): void;
}

/** Puts timeouts and the signal around a call; `dispatch` is not called when the signal is already aborted. */
export function converse(dispatch: (call: UpstreamCall) => void, options: ConverseOptions): Answer {
  const { signal, stream, limits, onSent = nothing } = options;
  const call = new UpstreamCall(onSent);
  const clock = new ReadClock(limits, stream, (reason) => call.abort(reason));
  const leave = (): void => call.abort(abortReason(signal));
  if (signal.aborted) leave();
  else {
    signal.addEventListener('abort', leave);
    dispatch(call);
  }
  return {
    head: () => call.head().catch((reason: unknown) => rethrow(reason, call, false)),
    read: async () => {
      if (call.idle) clock.waiting();
      try {
        while (call.idle) await call.change();
        return call.take();
      } catch (reason) {
        return rethrow(reason, call, true);
      } finally {
        clock.arrived();
      }
    },
    close: () => {
      clock.stop();
      signal.removeEventListener('abort', leave);
      call.release();
    },
  };
}

/**
 * Retryable before the answer began: a failed connect never reached the upstream, and a broken socket may have been
 * stale.
 */
function rethrow(reason: unknown, call: UpstreamCall, answered: boolean): never {
  if (reason instanceof UpstreamFailure || reason instanceof LeftError) throw reason;
  const code = call.sent ? 'upstream_error' : 'upstream_unavailable';
  throw new UpstreamFailure(new GatewayError(code, undefined, { cause: reason }), {
    retryable: !answered,
    targetFault: true,
  });
}

/** The client left, or the call was cut off: not a failure of the upstream. */
class LeftError extends Error {}

function abortReason(signal: AbortSignal): LeftError {
  return new LeftError('the call was aborted', { cause: signal.reason });
}

function nothing(): void {
  // The default: not every caller needs to know when a request is sent.
}
