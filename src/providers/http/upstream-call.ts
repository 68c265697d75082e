import type { Dispatcher } from 'undici';
import type { ReadGate } from './read-gate.js';

export interface ResponseHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** Unread bytes at which the socket is not read on. */
const HIGH_WATER_BYTES = 65_536;

/** The rest of an answer that is no longer read is discarded up to this size, so that its socket can be reused. */
const MAX_LEFTOVER_BYTES = 65_536;
const MAX_LEFTOVER_MS = 1_000;

/** One HTTP exchange, read by one reader. A reader that is slow slows the socket. */
export class UpstreamCall implements Dispatcher.DispatchHandler {
  private isSent = false;
  private gate: ReadGate | undefined;
  private response: ResponseHead | undefined;
  private chunks: Buffer[] = [];
  private waitingBytes = 0;
  private ended = false;
  private failure: { readonly reason: Error } | undefined;
  private wake: (() => void) | undefined;
  private whenEnded: ((failure: Error | undefined) => void) | undefined;
  private leftover: { bytes: number; readonly timer: NodeJS.Timeout } | undefined;

  /** @param onSent is called when the request is about to be written to a connected socket. */
  constructor(private readonly onSent: () => void) {}

  /** Whether the request may have reached the upstream. */
  get sent(): boolean {
    return this.isSent;
  }

  /** Whether there is nothing to take yet. */
  get idle(): boolean {
    return this.chunks.length === 0 && !this.ended && !this.failure;
  }

  /** Status and headers. @throws whatever broke or aborted the call. */
  async head(): Promise<ResponseHead> {
    for (;;) {
      if (this.response) return this.response;
      if (this.failure) throw this.failure.reason;
      await this.change();
    }
  }

  /** The next thing that happens to the call. For one reader. */
  change(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  /** All bytes that have come since the last time; undefined at the end. @throws whatever broke or aborted the call. */
  take(): readonly Buffer[] | undefined {
    if (this.chunks.length > 0) {
      const chunks = this.chunks;
      this.chunks = [];
      this.waitingBytes = 0;
      this.gate?.open();
      return chunks;
    }
    if (this.failure) throw this.failure.reason;
    return undefined;
  }

  /**
   * Tells the owner of the connection, or of the place in its queue, once how the call ended. Only the last listener
   * counts.
   */
  onEnd(listener: (failure: Error | undefined) => void): void {
    this.whenEnded = listener;
  }

  /** Idempotent; without effect on a call that has ended. The owner of the connection closes it at once. */
  abort(reason: Error): void {
    if (this.ended || this.failure) return;
    this.failure = { reason };
    this.chunks = [];
    this.changed();
  }

  /** The reader is done: lets a nearly complete answer end, so that its socket can serve again. */
  release(): void {
    if (this.ended || this.failure || this.leftover) return;
    const abandoned = new Error('the rest of the answer was not wanted');
    if (!this.response) return this.abort(abandoned);
    this.chunks = [];
    this.leftover = { bytes: 0, timer: setTimeout(() => this.abort(abandoned), MAX_LEFTOVER_MS) };
    this.gate?.open();
  }

  /** @param gate of the connection that runs the call */
  readThrough(gate: ReadGate): void {
    this.gate = gate;
  }

  onRequestStart(): void {
    this.isSent = true;
    this.onSent();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: ResponseHead['headers'],
  ): void {
    if (status < 200) return;
    this.response = { status, headers };
    this.changed();
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.leftover) {
      this.leftover.bytes += chunk.length;
      if (this.leftover.bytes > MAX_LEFTOVER_BYTES) this.abort(new Error('too much was left of the answer'));
      return;
    }
    this.chunks.push(chunk);
    this.waitingBytes += chunk.length;
    if (this.waitingBytes >= HIGH_WATER_BYTES) this.gate?.hold();
    this.changed();
  }

  onResponseEnd(): void {
    this.ended = true;
    this.changed();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    // The parser of HTTP keeps the bytes that it could not read in its error, and errors are logged.
    Reflect.deleteProperty(error, 'data');
    this.failure ??= { reason: error };
    this.changed();
  }

  private changed(): void {
    if (this.ended || this.failure) this.settle();
    this.wake?.();
    this.wake = undefined;
  }

  /** What is read from now on belongs to the connection's next call. */
  private settle(): void {
    this.gate?.openBehind();
    this.gate = undefined;
    clearTimeout(this.leftover?.timer);
    const listener = this.whenEnded;
    this.whenEnded = undefined;
    listener?.(this.failure?.reason);
  }
}
