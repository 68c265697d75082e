import { GatewayError } from '../../base/errors/gateway-error.js';
import type { CreateEvent } from './client-event.js';

/** Responses of one socket that run at the same time. */
const MAX_RUNNING = 16;
/** Messages of one socket that wait for an earlier one of their lane. */
const MAX_WAITING = 64;

export interface LanesOptions {
  /** The bound on all waiting messages together. */
  readonly maxWaitingBytes: number;
  /** Never rejects. */
  readonly run: (event: CreateEvent) => Promise<void>;
  /** Called whenever the last response that ran has ended. */
  readonly onIdle: () => void;
}

/** Schedules responses: one at a time in each lane, and several lanes at once. */
export class Lanes {
  /** The waiting messages of each lane that has a running response. */
  private readonly lanes = new Map<string, CreateEvent[]>();
  private waitingMessages = 0;
  private waitingBytes = 0;

  constructor(private readonly options: LanesOptions) {}

  get isIdle(): boolean {
    return this.lanes.size === 0;
  }

  /** @throws GatewayError when too many responses run or too many messages wait */
  add(event: CreateEvent): void {
    const lane = event.streamId ?? '';
    const waiting = this.lanes.get(lane);
    if (!waiting) return this.start(lane, event);
    if (event.streamId === undefined)
      throw tooMany(
        'A response is in flight on this connection. Wait for its end, or give each of several responses a `stream_id`.',
      );
    if (this.waitingMessages >= MAX_WAITING || this.waitingBytes + event.bytes > this.options.maxWaitingBytes)
      throw tooMany('Too many messages are waiting on this connection.');
    this.waitingMessages += 1;
    this.waitingBytes += event.bytes;
    waiting.push(event);
  }

  /** Whether a message waits in this lane that continues this response. */
  continues(responseId: string, streamId: string | undefined): boolean {
    const waiting = this.lanes.get(streamId ?? '') ?? [];
    return waiting.some(({ body }) => body['previous_response_id'] === responseId);
  }

  /** Removes the messages that wait. */
  takeWaiting(): readonly CreateEvent[] {
    this.waitingMessages = 0;
    this.waitingBytes = 0;
    return [...this.lanes.values()].flatMap((waiting) => waiting.splice(0));
  }

  private start(lane: string, event: CreateEvent): void {
    if (this.lanes.size >= MAX_RUNNING)
      throw tooMany(`At most ${MAX_RUNNING} responses can be in flight on one connection.`);
    const waiting: CreateEvent[] = [];
    this.lanes.set(lane, waiting);
    void this.runAll(lane, event, waiting);
  }

  private async runAll(lane: string, first: CreateEvent, waiting: CreateEvent[]): Promise<void> {
    await this.options.run(first);
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      this.waitingMessages -= 1;
      this.waitingBytes -= next.bytes;
      await this.options.run(next);
    }
    this.lanes.delete(lane);
    if (this.isIdle) this.options.onIdle();
  }
}

function tooMany(message: string): GatewayError {
  return new GatewayError('concurrency_limit_exceeded', message);
}
