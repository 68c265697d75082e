import type { GatewayError } from '../../base/errors/gateway-error.js';
import type { JsonObject, JsonValue } from '../../base/json.js';
import { isEmpty, textIn } from '../../base/json-fields.js';
import type { ResponseObject } from '../domain/response.js';
import { fromText } from '../responses-request.js';
import type { ResponseCommand } from '../responses.service.js';
import type { CreateEvent } from './client-event.js';
import { noSuccessor } from './steer-failures.js';
import { SteerQueue } from './steer-queue.js';
import type { SteeredRun, Steering } from './steering.js';

/** The steering of one turn: what it begins with, and what its client says to it. */
export class TurnSteers {
  /** What was said to the response before, which this turn continues. */
  private readonly taken: SteerQueue | undefined;
  private target: SteeredRun | undefined;

  constructor(
    private readonly event: CreateEvent,
    private readonly steering: Steering,
  ) {
    this.taken = event.steers ?? steering.claim(textIn(event.body['previous_response_id']), event.streamId);
  }

  /** The body of the response, with what was said before first in its input. */
  body(): JsonObject {
    const { body } = this.event;
    if (!this.taken) return body;
    const own = fromText(body['input'] ?? []);
    // A body that is refused needs no more input.
    if (!Array.isArray(own)) return body;
    return { ...body, input: [...this.taken.items, ...(own as readonly JsonValue[])] };
  }

  /** The response has begun, and its client knows its id. */
  begun({ run, request, call }: ResponseCommand): void {
    if (this.target) return;
    if (this.taken) this.steering.committed(this.taken);
    const compacts = run.compaction !== undefined || !isEmpty(request.body['context_management']);
    this.target = {
      run,
      isSteerable: request.generates && request.conversationId === undefined && !compacts,
      queue: new SteerQueue(call.responseId, this.event.streamId, () => run.takeNumber()),
    };
    this.steering.begun(this.target);
  }

  /** There will be no response. */
  refused(error: GatewayError): void {
    if (this.taken && !this.target) this.steering.fail(this.taken, noSuccessor(error));
  }

  /**
   * The client has been shown the last events of the response.
   * @param response undefined when it failed
   * @returns the response that follows by itself
   */
  ended(response: ResponseObject | undefined): CreateEvent | undefined {
    const steers = this.target && this.steering.endOf(this.target, response);
    if (!steers) return undefined;
    const { input: _input, ...settings } = this.event.body;
    const body = { ...settings, previous_response_id: steers.responseId };
    return { ...this.event, body, bytes: steers.bytes, steers };
  }

  /** The turn is over, however it ended. */
  close(): void {
    this.ended(undefined);
    this.taken?.release();
  }
}
