import { Logger } from '@nestjs/common';
import { Observable, takeUntil } from 'rxjs';
import { GatewayError, severityOf, toGatewayError } from '../../base/errors/gateway-error.js';
import { ClientLeft } from '../../http/client-left.js';
import type { KeyCheck } from '../../http/key-check.js';
import type { Surface } from '../../http/surface.js';
import type { JsonObject } from '../../base/json.js';
import type { CallOrigin } from '../../payments/charged-work.js';
import { textIn } from '../../base/json-fields.js';
import type { OutputItem } from '../domain/item.js';
import { parseResponsesRequest } from '../responses-request.js';
import type { ResponseCommand, ResponsesService } from '../responses.service.js';
import type { CreateEvent } from './client-event.js';
import type { LocalResponses } from './local-responses.js';
import type { Outbox } from './outbox.js';
import { errorMessage, SocketMessages } from './socket-messages.js';
import type { Steering } from './steering.js';
import { TurnSteers } from './turn-steers.js';

/** What the responses of one socket share. */
export interface TurnContext {
  readonly responses: ResponsesService;
  readonly keys: KeyCheck;
  readonly origin: CallOrigin;
  readonly surface: Surface;
  readonly local: LocalResponses;
  readonly steering: Steering;
  readonly outbox: Outbox;
  /** Aborted when the client has left. */
  readonly left: AbortSignal;
}

const logger = new Logger('ResponseTurn');

/** Runs one response of a socket to its end. Never rejects. */
export class ResponseTurn {
  private readonly previousId: string | undefined;

  constructor(
    private readonly event: CreateEvent,
    private readonly context: TurnContext,
  ) {
    this.previousId = textIn(event.body['previous_response_id']);
  }

  /** @returns the response that follows by itself, since its client has steered this one */
  async run(): Promise<CreateEvent | undefined> {
    const steers = new TurnSteers(this.event, this.context.steering);
    try {
      // No response begins while the client takes no messages.
      await this.context.outbox.demand.ready();
      const command = await this.commandOrRefuse(steers.body());
      try {
        return await this.answer(command, steers);
      } finally {
        command.run.abandon();
      }
    } catch (thrown) {
      if (!(thrown instanceof ClientLeft)) this.refuse(thrown, steers);
      return undefined;
    } finally {
      steers.close();
    }
  }

  /** Refuses a turn that will not run. Nobody has asked for the successor of a steered response but by steering. */
  refuse(thrown: unknown, steers?: TurnSteers): void {
    const { local, surface } = this.context;
    const error = reported(thrown);
    if (!this.event.steers) {
      local.forget(this.previousId);
      this.sayLast([errorMessage(error, surface)]);
    }
    steers?.refused(error);
  }

  /** An invalid key is reported before any error in the request. */
  private async commandOrRefuse(body: JsonObject): Promise<ResponseCommand> {
    const { responses, keys, local, left } = this.context;
    const { generates } = this.event;
    const rate = { counted: false };
    const origin = { ...this.context.origin, rate };
    // No hold follows that would check the key.
    if (!generates) await keys.check(origin);
    try {
      const request = parseResponsesRequest(body, { generates });
      return await responses.command(request, { origin, left, local: local.recall(this.previousId) });
    } catch (failure) {
      if (failure instanceof GatewayError) await keys.check(origin);
      throw failure;
    }
  }

  private async answer(command: ResponseCommand, steers: TurnSteers): Promise<CreateEvent | undefined> {
    const { responses, outbox, left, local, surface } = this.context;
    const messages = new SocketMessages(command.run, surface);
    // Decided now: a response that continues from memory is remembered, whatever is forgotten meanwhile.
    const isLocal = !command.request.store || local.recall(this.previousId) !== undefined;
    try {
      const outcomes = command.request.generates
        ? responses.create(command, outbox.demand)
        : responses.prepare(command);
      await outcomes.pipe(takeUntil(aborted(left))).forEach((item) => {
        for (const message of messages.of(item)) outbox.say(this.inLane(message));
        if (messages.hasShown) steers.begun(command);
      });
    } catch (thrown) {
      if (!messages.hasShown) throw thrown;
      local.forget(this.previousId);
      this.sayLast(messages.failure(reported(thrown)));
      return steers.ended(undefined);
    }
    // The client has left: nobody listens, and the run may not have ended yet.
    if (outbox.isClosed) return undefined;
    try {
      const last = messages.end();
      const { response } = command.run.closing().terminal;
      if (response.status === 'failed') local.forget(this.previousId);
      else if (isLocal) {
        const history = [...command.items, ...asItems(command.run.storedOutput(response))];
        local.remember(response.id, { history, asked: response.output.length });
      }
      this.sayLast(last);
      steers.begun(command);
      return steers.ended(response);
    } catch (thrown) {
      if (!messages.hasShown) throw thrown;
      // The response has been paid for, but its end cannot be shown, so it fails.
      local.forget(command.call.responseId);
      this.sayLast(messages.failure(reported(thrown)));
      return steers.ended(undefined);
    }
  }

  private sayLast(messages: readonly object[]): void {
    for (const message of messages) this.context.outbox.sayLast(this.inLane(message));
  }

  private inLane(message: object): object {
    const { streamId } = this.event;
    return streamId === undefined ? message : { ...message, stream_id: streamId };
  }
}

/** Emits when the signal is aborted, or at once when it has been. */
function aborted(signal: AbortSignal): Observable<void> {
  return new Observable((subscriber) => {
    const emit = (): void => subscriber.next();
    signal.addEventListener('abort', emit);
    subscriber.add(() => signal.removeEventListener('abort', emit));
    if (signal.aborted) emit();
  });
}

function asItems(output: readonly OutputItem[]): readonly JsonObject[] {
  return output.map((item) => item as OutputItem & JsonObject);
}

function reported(thrown: unknown): GatewayError {
  const error = toGatewayError(thrown);
  const severity = severityOf(error);
  if (severity)
    logger[severity]({ msg: 'a response on a socket failed', code: error.code, err: error.cause });
  return error;
}
