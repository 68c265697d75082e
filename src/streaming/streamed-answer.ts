import { type ServerResponse } from 'node:http';
import { type StreamingConfig } from '../base/config.js';
import { toGatewayError } from '../base/errors/gateway-error.js';
import { Answer } from './answer.js';
import { type Demand } from './demand.js';
import { type StreamPresenter } from './presenter.js';
import { SendGate } from './send-gate.js';
import { SilenceClock } from './silence-clock.js';
import type { Wire } from './wire.js';
import { wireOf } from './wire-of.js';

const STREAM_HEAD = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
};

/**
 * One stream of Server-Sent Events.
 *
 * Frames of one tick, or of one read of a source that asks `ready()` between its reads, go out in one write. When the
 * socket is full the gate closes, and a pull source reads no further. It may still show what one read gave it,
 * however much that is; only frames that come while the gate is already closed, which is what a source that cannot
 * wait goes on doing, count against `bufferBytes`, and the client is dropped when they exceed it.
 */
export class StreamedAnswer<Item> extends Answer<Item> {
  protected readonly demand: Demand = { ready: () => this.ready() };
  private readonly wire: Wire = wireOf(this.response.req);
  private readonly gate: SendGate;
  private readonly silence: SilenceClock;
  private headTimer: NodeJS.Timeout | undefined;
  private pending = '';
  private isFlushDue = false;

  constructor(
    response: ServerResponse,
    private readonly presenter: StreamPresenter<Item>,
    private readonly settings: StreamingConfig,
    private readonly reportLateFailure: (thrown: unknown) => void,
  ) {
    super(response);
    this.gate = new SendGate(response, settings.stallMs, () => this.drop());
    this.silence = new SilenceClock(settings.keepAliveMs, this.ping);
  }

  /** Without any source. */
  headOnly(): Promise<void> {
    this.writeHead();
    this.response.end();
    this.dispose();
    return Promise.resolve();
  }

  protected begin(): void {
    this.headTimer = setTimeout(this.ping, this.settings.headAfterMs);
  }

  protected onItem(item: Item): void {
    const frames = this.presenter.frames(item);
    if (frames === '') return;
    this.pending += frames;
    if (this.gate.opened && this.unsentBytes() > this.settings.bufferBytes) return this.drop();
    if (this.isFlushDue) return;
    this.isFlushDue = true;
    queueMicrotask(this.flush);
  }

  protected onFailure(thrown: unknown): void {
    if (!this.response.headersSent && this.pending === '') return this.refuse(thrown);
    this.reportLateFailure(thrown);
    this.end(this.presenter.failure(toGatewayError(thrown)));
  }

  protected onComplete(): void {
    this.end(this.presenter.end());
  }

  protected dispose(): void {
    clearTimeout(this.headTimer);
    this.silence.stop();
    this.gate.dispose();
    this.pending = '';
  }

  private ready(): Promise<void> | undefined {
    this.flush();
    return this.gate.opened;
  }

  private readonly flush = (): void => {
    this.isFlushDue = false;
    if (this.pending === '') return;
    const text = this.pending;
    this.pending = '';
    this.attempt(() => this.write(text));
  };

  /** The whole answer is known: the client gets `stallMs` to take the rest of it. */
  private end(lastFrames: string): void {
    this.writeHead();
    this.silence.stop();
    const text = this.pending + lastFrames + this.wire.end;
    this.pending = '';
    this.response.end(Buffer.from(text));
    this.gate.dispose();
    this.gate.close();
  }

  private write(text: string): void {
    this.writeHead();
    this.silence.touch();
    // Bytes, not a string: a socket counts the strings it holds in characters.
    if (!this.response.write(Buffer.from(text))) this.gate.close();
  }

  private writeHead(): void {
    if (this.response.headersSent) return;
    clearTimeout(this.headTimer);
    this.response.writeHead(200, { ...STREAM_HEAD, ...this.presenter.headers() });
    this.silence.start();
  }

  /** Behind unsent frames a ping would be no sign of life. */
  private readonly ping = (): void => {
    if (!this.gate.opened) this.attempt(() => this.write(this.wire.ping));
  };

  private unsentBytes(): number {
    return this.response.writableLength + Buffer.byteLength(this.pending);
  }
}
