import { GatewayError } from '../../base/errors/gateway-error.js';
import type { IntakeShare } from '../../http/intake.js';
import type { JsonObject } from '../../base/json.js';

/** A message that asks for a response. */
export interface CreateEvent {
  /** Responses of one lane come one after the other; without an id it is the lane of the socket. */
  readonly streamId: string | undefined;
  /** A body that creates a Response, streamed. */
  readonly body: JsonObject;
  /** False: the response is only there to be continued. */
  readonly generates: boolean;
  /** Size of the message. */
  readonly bytes: number;
  /** What it takes of this process's room for bodies; released by whoever ends or drops it. */
  readonly share: IntakeShare;
}

const STREAM_ID = /^[A-Za-z0-9_.-]{1,256}$/;

/** @throws GatewayError for an id that is not one */
export function streamIdOf({ stream_id: id = null }: JsonObject): string | undefined {
  if (id === null) return undefined;
  if (typeof id === 'string' && STREAM_ID.test(id)) return id;
  throw new GatewayError(
    'invalid_value',
    '`stream_id` must be 1 to 256 letters, digits, `_`, `.` and `-` long.',
    { param: 'stream_id' },
  );
}

/**
 * What a `response.create` asks for. Clients send `stream` and `stream_options` out of habit: everything is streamed
 * here, so they say nothing. What would have to be done otherwise than it is asked for is refused.
 *
 * @throws GatewayError for another type, and for what a socket cannot do
 */
export function parseCreate(message: JsonObject): Pick<CreateEvent, 'body' | 'generates'> {
  const {
    type = null,
    stream_id: _streamId,
    stream: _stream,
    stream_options: _streamOptions,
    background = null,
    generate = null,
    ...body
  } = message;
  if (type === null)
    throw new GatewayError('missing_required_parameter', 'Missing required parameter: `type`.', {
      param: 'type',
    });
  if (type !== 'response.create')
    throw new GatewayError('invalid_value', 'The only type of message is `response.create`.', {
      param: 'type',
    });
  if (background !== null && background !== false)
    throw new GatewayError('invalid_value', 'A response on a WebSocket cannot run in the background.', {
      param: 'background',
    });
  if (generate !== null && typeof generate !== 'boolean')
    throw new GatewayError('invalid_value', '`generate` must be a boolean.', { param: 'generate' });
  return { body: { ...body, stream: true }, generates: generate !== false };
}
