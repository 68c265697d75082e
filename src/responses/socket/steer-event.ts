import { GatewayError } from '../../base/errors/gateway-error.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { objectsIn, textIn } from '../../base/json-fields.js';
import type { IntakeShare } from '../../http/intake.js';
import { fromText, parseItems } from '../responses-request.js';

/** A message that says something to a response while it runs. */
export interface SteerEvent {
  /** The response that is spoken to. */
  readonly previousId: string;
  /** The message as it was sent. */
  readonly message: JsonObject;
  /** Size of the message. */
  readonly bytes: number;
  /** Its share of this process's room for bodies; released when it is refused or the response that it becomes ends. */
  readonly share: IntakeShare;
}

const FIELDS = new Set(['type', 'previous_response_id', 'input']);
const MESSAGE_FIELDS = new Set(['type', 'role', 'content']);
const PARTS = new Set(['input_text', 'input_image', 'input_file']);

/** @throws GatewayError for a message that speaks to nobody: no event could give its input back */
export function steeredBy({ previous_response_id: id = null }: JsonObject): string {
  if (typeof id === 'string' && id !== '') return id;
  if (id === null)
    throw new GatewayError(
      'missing_required_parameter',
      'Missing required parameter: `previous_response_id`.',
      { param: 'previous_response_id' },
    );
  throw new GatewayError('invalid_value', '`previous_response_id` must be the id of a response.', {
    param: 'previous_response_id',
  });
}

/**
 * The input of a `response.steer`: messages of the user alone.
 *
 * @throws GatewayError for other fields, other items and an empty list
 */
export function parseSteer(message: JsonObject): readonly JsonObject[] {
  const other = Object.keys(message).find((field) => !FIELDS.has(field));
  if (other !== undefined)
    throw invalid(other, '`response.steer` takes `type`, `previous_response_id` and `input` alone.');
  const input = fromText(message['input']);
  if (!Array.isArray(input) || input.length === 0)
    throw invalid('input', '`input` must be a text, or a list of messages that is not empty.');
  (input as readonly JsonValue[]).forEach((item, index) => checkMessage(item, `input[${index}]`));
  return parseItems(input as readonly JsonValue[], 'input');
}

function checkMessage(item: JsonValue, path: string): void {
  const isOfUser =
    isJsonObject(item) &&
    item['role'] === 'user' &&
    [undefined, null, 'message'].includes(item['type'] as string) &&
    Object.keys(item).every((field) => MESSAGE_FIELDS.has(field));
  if (!isOfUser)
    throw invalid(path, 'Only messages of the role `user` can steer, with `type`, `role` and `content`.');
  objectsIn(item['content']).forEach(({ type }, index) => {
    if (!PARTS.has(textIn(type) ?? ''))
      throw invalid(
        `${path}.content[${index}]`,
        'A message that steers has parts `input_text`, `input_image` and `input_file` alone.',
      );
  });
}

function invalid(param: string, message: string): GatewayError {
  return new GatewayError('invalid_value', message, { param });
}
