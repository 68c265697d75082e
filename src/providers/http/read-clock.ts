import type { ProviderSettings } from '../../catalog/model.js';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { UpstreamFailure } from '../upstream-failure.js';

export type Limits = Pick<ProviderSettings, 'timeoutMs' | 'firstByteTimeoutMs' | 'silenceTimeoutMs'>;

/**
 * The timeouts of one call: for the whole call, and for a stream also for the first byte and each silence after it.
 * Silence counts only while a reader waits for the upstream; a slow reader is not the upstream's silence.
 */
export class ReadClock {
  private readonly whole: NodeJS.Timeout;
  private firstByte: NodeJS.Timeout | undefined;
  private silence: NodeJS.Timeout | undefined;
  private reading = false;
  private stopped = false;

  constructor(
    private readonly limits: Limits,
    private readonly stream: boolean,
    private readonly expire: (failure: UpstreamFailure) => void,
  ) {
    // A slow reader may have used up the time of a stream, so this timeout says nothing about the target.
    this.whole = setTimeout(() => expire(timedOut({ targetFault: !stream })), limits.timeoutMs);
    if (stream) this.firstByte = setTimeout(() => expire(wasSilent()), limits.firstByteTimeoutMs);
  }

  /** A read has begun, and there is nothing to read yet. */
  waiting(): void {
    this.reading = true;
    if (!this.stream || this.firstByte || this.stopped) return;
    if (this.silence) this.silence.refresh();
    else this.silence = setTimeout(() => this.silent(), this.limits.silenceTimeoutMs);
  }

  /** A read has ended. */
  arrived(): void {
    this.reading = false;
    clearTimeout(this.firstByte);
    this.firstByte = undefined;
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.whole);
    clearTimeout(this.firstByte);
    clearTimeout(this.silence);
  }

  private silent(): void {
    if (this.reading) this.expire(wasSilent());
  }
}

/** There may be time left for another target. */
function wasSilent(): UpstreamFailure {
  return timedOut({ targetFault: true, elsewhere: true });
}

function timedOut(fault: { readonly targetFault: boolean; readonly elsewhere?: boolean }): UpstreamFailure {
  return new UpstreamFailure(new GatewayError('upstream_timeout'), { retryable: false, ...fault });
}
