import { type Writable } from 'node:stream';

/**
 * Closed while the socket is full. A client that does not drain it within `stallMs` is reported as stalled, once. Owns
 * one timer and one listener; `dispose` ends both and releases every waiter.
 */
export class SendGate {
  private waiting: Promise<void> | undefined;
  private release: () => void = () => undefined;
  private stallTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly sink: Pick<Writable, 'on' | 'off'>,
    private readonly stallMs: number,
    private readonly onStalled: () => void,
  ) {}

  /** Undefined while open. */
  get opened(): Promise<void> | undefined {
    return this.waiting;
  }

  close(): void {
    if (this.waiting) return;
    this.waiting = new Promise((resolve) => {
      this.release = resolve;
    });
    this.sink.on('drain', this.dispose);
    this.stallTimer = setTimeout(this.onStalled, this.stallMs);
  }

  readonly dispose = (): void => {
    if (!this.waiting) return;
    clearTimeout(this.stallTimer);
    this.sink.off('drain', this.dispose);
    this.waiting = undefined;
    this.release();
  };
}
