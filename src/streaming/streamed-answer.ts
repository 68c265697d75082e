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
  'X-Accel-Buffering': 'no',
};

/**
 * One stream of Server-Sent Events.
 *
 * Frames of one tick, or of one read of a source that calls `ready()` between its reads, go out in one write. When the
 * socket is full the gate closes, and a pull source stops reading. The source may still send everything from its last
 * read, whatever the size. Only frames that arrive after the gate has closed, from a source that cannot wait, count
 * against `bufferBytes`; the client is dropped when they exceed it.
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

  /** Sends the head without opening a source. */
  headOnly(): Promise<void> {
    this.writeHead();
    this.response.end();
    this.dispose();
    return Promise.resolve();
  }

  protected begin(): void {
    if (!this.presenter.waitsForFrames) this.headTimer = setTimeout(this.ping, this.settings.headAfterMs);
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

  /** The answer is complete: the client has `stallMs` to take the rest of it. */
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
    // Bytes, because a socket counts the length of strings in characters.
    if (!this.response.write(Buffer.from(text))) this.gate.close();
  }

  private writeHead(): void {
    if (this.response.headersSent) return;
    clearTimeout(this.headTimer);
    const asked = this.response.getHeader('Cache-Control');
    const cache = `${typeof asked === 'string' ? `${asked}, ` : ''}no-cache, no-transform`;
    this.response.writeHead(200, { 'Cache-Control': cache, ...STREAM_HEAD, ...this.presenter.headers() });
    this.silence.start();
  }

  /** A ping behind unsent frames would be no sign of life. */
  private readonly ping = (): void => {
    if (!this.gate.opened) this.attempt(() => this.write(this.presenter.ping?.() ?? this.wire.ping));
  };

  private unsentBytes(): number {
    return this.response.writableLength + Buffer.byteLength(this.pending);
  }
}
