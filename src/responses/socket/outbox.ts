import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { StreamingConfig } from '../../base/config.js';
import type { Demand } from '../../streaming/demand.js';
import { SendGate } from '../../streaming/send-gate.js';
import { SilenceClock } from '../../streaming/silence-clock.js';

/**
 * Sends the messages of a socket. Messages of one tick, or of one read of a source that asks `ready()` between its
 * reads, go out together. When the socket is full the gate closes, and pull sources stop reading; messages that still
 * come count against `bufferBytes`. A client that exceeds it, or takes nothing for `stallMs`, is dropped.
 */
export class Outbox {
  readonly demand: Demand = { ready: () => this.ready() };
  private readonly gate: SendGate;
  private readonly silence: SilenceClock;
  private pending: string[] = [];
  private isFlushDue = false;
  private closed = false;
  /** Bytes of messages that came while the gate was closed. */
  private excessBytes = 0;

  constructor(
    private readonly webSocket: WebSocket,
    private readonly connection: Duplex,
    private readonly settings: StreamingConfig,
  ) {
    this.gate = new SendGate(connection, settings.stallMs, () => webSocket.terminate());
    this.silence = new SilenceClock(settings.keepAliveMs, this.ping);
    this.silence.start();
  }

  /** No message is sent any more. */
  get isClosed(): boolean {
    return this.closed;
  }

  say(message: object): void {
    const text = this.push(message);
    if (!this.gate.opened) {
      this.excessBytes = 0;
      return;
    }
    this.excessBytes += Buffer.byteLength(text);
    if (this.excessBytes > this.settings.bufferBytes) this.webSocket.terminate();
  }

  /** The last messages of a response do not count against `bufferBytes`: there are few of them, however large. */
  sayLast(message: object): void {
    this.push(message);
  }

  /** Closes after all messages; the client gets `stallMs` to take them. */
  async close(code: number, reason: string): Promise<void> {
    this.flush();
    this.closed = true;
    await this.gate.opened;
    this.webSocket.close(code, reason);
  }

  dispose(): void {
    this.closed = true;
    this.silence.stop();
    this.gate.dispose();
    this.pending = [];
  }

  private push(message: object): string {
    const text = JSON.stringify(message);
    if (this.closed) return text;
    this.pending.push(text);
    if (!this.isFlushDue) queueMicrotask(this.flush);
    this.isFlushDue = true;
    return text;
  }

  private ready(): Promise<void> | undefined {
    this.flush();
    return this.gate.opened;
  }

  private readonly flush = (): void => {
    this.isFlushDue = false;
    if (this.pending.length === 0) return;
    const messages = this.pending;
    this.pending = [];
    if (this.webSocket.readyState !== this.webSocket.OPEN) return;
    this.connection.cork();
    for (const message of messages) this.webSocket.send(message);
    this.connection.uncork();
    this.silence.touch();
    if (this.connection.writableNeedDrain) this.gate.close();
  };

  /** While messages are unsent, a ping would be no sign of life. */
  private readonly ping = (): void => {
    if (!this.gate.opened && this.webSocket.readyState === this.webSocket.OPEN) this.webSocket.ping();
  };
}
