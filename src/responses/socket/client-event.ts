import { GatewayError } from '../../base/errors/gateway-error.js';
import type { IntakeShare } from '../../http/intake.js';
import type { JsonObject } from '../../base/json.js';
import type { SteerQueue } from './steer-queue.js';

/** A message that asks for a response. */
export interface CreateEvent {
  /** The lane: its responses run one after the other. Without an id it is the lane of the socket itself. */
  readonly streamId: string | undefined;
  /** A body that creates a Response, streamed. */
  readonly body: JsonObject;
  /** False: the response exists only to be continued. */
  readonly generates: boolean;
  /** Size of the message. */
  readonly bytes: number;
  /** The message's share of this process's room for bodies; released when it is dropped or its response ends. */
  readonly share: IntakeShare;
  /** Set for the successor of a steered response, which no message asks for: its input. */
  readonly steers?: SteerQueue;
}

const STREAM_ID = /^[A-Za-z0-9_.-]{1,256}$/;

/** @throws GatewayError for an invalid id */
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
 * Parses a `response.create`. Clients send `stream` and `stream_options` out of habit: everything is streamed here, so
 * they have no effect. A message that could not be obeyed as it was sent is refused.
 *
 * @throws GatewayError for another type, and for a message that a socket cannot obey
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
    throw new GatewayError(
      'invalid_value',
      'The types of messages are `response.create` and `response.steer`.',
      {
        param: 'type',
      },
    );
  if (background !== null && background !== false)
    throw new GatewayError('invalid_value', 'A response on a WebSocket cannot run in the background.', {
      param: 'background',
    });
  if (generate !== null && typeof generate !== 'boolean')
    throw new GatewayError('invalid_value', '`generate` must be a boolean.', { param: 'generate' });
  return { body: { ...body, stream: true }, generates: generate !== false };
}
