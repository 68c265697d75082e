import { toGatewayError } from '../../base/errors/gateway-error.js';
import { newId } from '../../base/ids.js';
import type { JsonObject } from '../../base/json.js';
import { requiredInput } from '../domain/required-input.js';
import type { ResponseObject } from '../domain/response.js';
import type { ResponseRun } from '../response-run.js';
import { parseSteer, type SteerEvent } from './steer-event.js';
import { ENDINGS, REFUSALS, type SteerFailure } from './steer-failures.js';
import { acceptedMessage, failedMessage, pendingMessage } from './steer-messages.js';
import type { SteerQueue } from './steer-queue.js';

/** Messages that wait for a successor: on one socket, and for one response. */
const MAX_STEERS = 64;
const MAX_STEERS_OF_ONE = 16;
/** Responses that have ended, and are known as such. */
const MAX_ENDED = 64;

export interface SteeringOptions {
  /** The bound on all input that waits. */
  readonly maxBytes: number;
  readonly say: (message: JsonObject, streamId: string | undefined) => void;
  /** Whether a message waits in the response's lane that continues it. */
  readonly isContinued: (responseId: string, streamId: string | undefined) => boolean;
}

/** A response that runs. */
export interface SteeredRun {
  readonly run: ResponseRun;
  readonly isSteerable: boolean;
  readonly queue: SteerQueue;
}

/** A response that has ended with calls of tools that the client runs. */
interface AwaitingResponse {
  readonly queue: SteerQueue;
  /** What has to be sent before it can be continued. */
  readonly required: readonly JsonObject[];
}

/**
 * What the client of one socket says to its responses while they run. What was accepted is kept until a successor has
 * begun with it, and given back when none will.
 */
export class Steering {
  private readonly running = new Map<string, SteeredRun>();
  private readonly awaiting = new Map<string, AwaitingResponse>();
  /** The newest responses that have ended, with what is said to those who still steer them. */
  private readonly ended = new Map<string, SteerFailure>();
  /** Set when no successor begins any more. */
  private refusal: SteerFailure | undefined;
  private waitingMessages = 0;
  private waitingBytes = 0;

  constructor(private readonly options: SteeringOptions) {}

  /** Takes a message of the client and answers it. Its share is released when it is refused. */
  receive(event: SteerEvent): void {
    const running = this.running.get(event.previousId);
    const awaiting = this.awaiting.get(event.previousId);
    const queue = (running ?? awaiting)?.queue;
    const items = itemsOf(event);
    if ('code' in items) return this.refuse(event, queue, items);
    if (!queue) return this.refuse(event, queue, this.ended.get(event.previousId) ?? REFUSALS.notFound);
    const failure = this.failureFor(event, running, queue);
    if (failure) return this.refuse(event, queue, failure);
    this.accept(event, items, queue);
    if (running) this.steer(running);
    if (awaiting) this.tellPending(awaiting);
  }

  /** The client has been shown the beginning of a response. */
  begun(run: SteeredRun): void {
    this.running.set(run.queue.responseId, run);
  }

  /**
   * The client has been shown the end of a response.
   * @param response undefined when it failed
   * @returns what its successor begins with, if one begins by itself
   */
  endOf({ queue }: SteeredRun, response: ResponseObject | undefined): SteerQueue | undefined {
    const { responseId, streamId } = queue;
    if (!this.running.delete(responseId)) return undefined;
    const isContinuable = response?.status === 'completed' || response?.status === 'incomplete';
    this.remember(responseId, response?.status === 'completed' ? ENDINGS.completed : ENDINGS.other);
    if (queue.steers.length === 0) return undefined;
    const failure = this.refusal ?? (isContinuable ? undefined : ENDINGS.other);
    if (failure || !response) {
      this.fail(queue, failure ?? ENDINGS.other);
      return undefined;
    }
    this.acknowledge(queue);
    queue.detach();
    const required = requiredInput(response.output);
    if (required.length === 0) return queue;
    this.awaiting.set(responseId, { queue, required });
    if (!this.options.isContinued(responseId, streamId)) this.sayPending(queue, required);
    return undefined;
  }

  /** What was said to a response that has waited for this message to continue it. */
  claim(responseId: string | undefined, streamId: string | undefined): SteerQueue | undefined {
    const found = responseId === undefined ? undefined : this.awaiting.get(responseId);
    if (!found || found.queue.streamId !== streamId) return undefined;
    this.awaiting.delete(found.queue.responseId);
    return found.queue;
  }

  /** A successor has begun with it. */
  committed(queue: SteerQueue): void {
    this.waitingMessages -= queue.steers.length;
    this.waitingBytes -= queue.bytes;
  }

  /** Gives the input back: no successor begins with it. */
  fail(queue: SteerQueue, failure: SteerFailure): void {
    this.committed(queue);
    queue.release();
    for (const steer of queue.steers.splice(0))
      this.options.say(failedMessage(queue.takeNumber(), steer, failure), queue.streamId);
  }

  /** No successor begins any more. What runs goes on to its own end. */
  retire(failure: SteerFailure): void {
    this.refusal = failure;
    for (const { queue, run } of this.running.values()) {
      if (queue.steers.length > 0) this.fail(queue, failure);
      run.steer(false);
    }
    for (const { queue } of this.awaiting.values()) this.fail(queue, failure);
    this.awaiting.clear();
  }

  private failureFor(
    { bytes }: SteerEvent,
    running: SteeredRun | undefined,
    queue: SteerQueue,
  ): SteerFailure | undefined {
    if (this.refusal) return this.refusal;
    if (running && !running.isSteerable) return REFUSALS.notSupported;
    const isFull =
      queue.steers.length >= MAX_STEERS_OF_ONE ||
      this.waitingMessages >= MAX_STEERS ||
      this.waitingBytes + bytes > this.options.maxBytes;
    return isFull ? REFUSALS.tooMany : undefined;
  }

  private accept(event: SteerEvent, items: readonly JsonObject[], queue: SteerQueue): void {
    const { previousId, message, bytes, share } = event;
    const input = message['input'] ?? null;
    queue.steers.push({ id: newId('steer'), previousId, input, items, bytes, share });
    this.waitingMessages += 1;
    this.waitingBytes += bytes;
  }

  /** A response whose last events are numbered but not shown yet has none before them: the answer follows its end. */
  private steer({ run, queue }: SteeredRun): void {
    if (run.hasEnded) return;
    this.acknowledge(queue);
    run.steer(true);
  }

  private tellPending({ queue, required }: AwaitingResponse): void {
    const from = queue.acknowledged;
    this.acknowledge(queue);
    if (!this.options.isContinued(queue.responseId, queue.streamId)) this.sayPending(queue, required, from);
  }

  private acknowledge(queue: SteerQueue): void {
    const { steers, streamId } = queue;
    for (const steer of steers.slice(queue.acknowledged))
      this.options.say(acceptedMessage(queue.takeNumber(), steer), streamId);
    queue.acknowledged = steers.length;
  }

  private sayPending(queue: SteerQueue, required: readonly JsonObject[], from = 0): void {
    for (const steer of queue.steers.slice(from))
      this.options.say(pendingMessage(queue.takeNumber(), steer, required), queue.streamId);
  }

  private refuse(
    { previousId, message, share }: SteerEvent,
    queue: SteerQueue | undefined,
    failure: SteerFailure,
  ): void {
    share.release();
    const sent = { previousId, input: message['input'] ?? null };
    this.options.say(failedMessage(queue?.takeNumber() ?? 0, sent, failure), queue?.streamId);
  }

  private remember(responseId: string, failure: SteerFailure): void {
    this.ended.set(responseId, failure);
    for (const oldest of this.ended.keys()) {
      if (this.ended.size <= MAX_ENDED) return;
      this.ended.delete(oldest);
    }
  }
}

function itemsOf({ message }: SteerEvent): readonly JsonObject[] | SteerFailure {
  try {
    return parseSteer(message);
  } catch (thrown) {
    return { code: 'invalid_input', message: toGatewayError(thrown).message };
  }
}
