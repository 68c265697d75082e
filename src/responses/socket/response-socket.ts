import { setMaxListeners } from 'node:events';
import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { StreamingConfig } from '../../base/config.js';
import { GatewayError, toGatewayError } from '../../base/errors/gateway-error.js';
import { ClientLeft } from '../../http/client-left.js';
import type { Intake } from '../../http/intake.js';
import type { KeyCheck } from '../../http/key-check.js';
import { parseJsonBody } from '../../http/parse-json-body.js';
import type { Surface } from '../../http/surface.js';
import type { CallOrigin } from '../../payments/charged-work.js';
import type { ResponsesService } from '../responses.service.js';
import { parseCreate, streamIdOf, type CreateEvent } from './client-event.js';
import { Lanes } from './lanes.js';
import { LocalResponses } from './local-responses.js';
import { Outbox } from './outbox.js';
import { ResponseTurn, type TurnContext } from './response-turn.js';
import { errorMessage } from './socket-messages.js';
import { steeredBy } from './steer-event.js';
import { ENDINGS, noSuccessor } from './steer-failures.js';
import { Steering } from './steering.js';

export interface SocketOptions {
  readonly responses: ResponsesService;
  readonly keys: KeyCheck;
  readonly intake: Intake;
  readonly origin: CallOrigin;
  readonly surface: Surface;
  readonly streaming: StreamingConfig;
  readonly maxBytes: number;
}

/** How the gateway ends a socket whose client would stay. */
export interface Retirement {
  readonly code: number;
  readonly reason: string;
  /** The error for messages from now on. */
  readonly refusal: GatewayError;
}

/** One connection of a client: takes messages, runs responses, remembers those that are not stored. */
export class ResponseSocket {
  private readonly left = new AbortController();
  private readonly outbox: Outbox;
  private readonly lanes: Lanes;
  private readonly steering: Steering;
  private readonly context: TurnContext;
  private retirement: Retirement | undefined;

  constructor(
    private readonly webSocket: WebSocket,
    connection: Duplex,
    private readonly options: SocketOptions,
  ) {
    const { streaming, maxBytes, intake: _intake, ...shared } = options;
    // Each response in flight adds a listener.
    setMaxListeners(0, this.left.signal);
    const local = new LocalResponses(maxBytes);
    this.outbox = new Outbox(webSocket, connection, streaming);
    this.steering = new Steering({
      maxBytes,
      say: (message, streamId) => this.sayInLane(message, streamId),
      isContinued: (responseId, streamId) => this.lanes.continues(responseId, streamId),
    });
    const { outbox, steering } = this;
    this.context = { ...shared, local, outbox, steering, left: this.left.signal };
    this.lanes = new Lanes({
      maxWaitingBytes: maxBytes,
      run: (event) => this.runAll(event),
      onIdle: () => this.closeIfDone(),
    });
    webSocket.on('message', this.onMessage);
    webSocket.on('close', this.onClose);
    // The `close` event that follows ends the socket; without a listener the error would end the process.
    webSocket.on('error', () => undefined);
  }

  /** Running responses go on to their end, no other one begins, and then the socket closes. */
  retire(retirement: Retirement): void {
    if (this.retirement) return;
    this.retirement = retirement;
    for (const event of this.dropWaiting()) new ResponseTurn(event, this.context).refuse(retirement.refusal);
    this.steering.retire(noSuccessor(retirement.refusal));
    this.closeIfDone();
  }

  /** Closes the socket, even when responses run. */
  close(): void {
    const { code = 1001, reason = '' } = this.retirement ?? {};
    this.end();
    void this.outbox.close(code, reason);
  }

  terminate(): void {
    this.webSocket.terminate();
  }

  private readonly onMessage = (data: RawData, isBinary: boolean): void => {
    if (this.outbox.isClosed) return;
    let streamId: string | undefined;
    const share = this.options.intake.share(this.options.origin.payer);
    try {
      if (isBinary) throw new GatewayError('invalid_json', 'Send messages as text, not as binary data.');
      const bytes = asBuffer(data);
      share.grow(bytes.length);
      const message = parseJsonBody(bytes, (values) => share.growByValues(values));
      if (message['type'] === 'response.steer') {
        const previousId = steeredBy(message);
        return this.steering.receive({ previousId, message, bytes: bytes.length, share });
      }
      streamId = streamIdOf(message);
      if (this.retirement) throw this.retirement.refusal;
      this.lanes.add({ ...parseCreate(message), streamId, bytes: bytes.length, share });
    } catch (thrown) {
      share.release();
      const refused = errorMessage(toGatewayError(thrown), this.options.surface);
      this.sayInLane(refused, streamId);
    }
  };

  /** Runs a response, and then those that follow by themselves. */
  private async runAll(event: CreateEvent): Promise<void> {
    try {
      let next: CreateEvent | undefined = event;
      while (next) next = await new ResponseTurn(next, this.context).run();
    } finally {
      event.share.release();
    }
  }

  private sayInLane(message: object, streamId: string | undefined): void {
    this.outbox.say(streamId === undefined ? message : { ...message, stream_id: streamId });
  }

  private readonly onClose = (): void => {
    this.end();
    this.outbox.dispose();
  };

  /** The client has left, or counts as gone. */
  private end(): void {
    this.dropWaiting();
    this.steering.retire(ENDINGS.other);
    this.left.abort(new ClientLeft());
  }

  private dropWaiting(): readonly CreateEvent[] {
    const dropped = this.lanes.takeWaiting();
    for (const { share } of dropped) share.release();
    return dropped;
  }

  private closeIfDone(): void {
    if (this.retirement && this.lanes.isIdle) this.close();
  }
}

function asBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
