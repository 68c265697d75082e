import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.js';
import { list, object, type Schema } from '../base/shape/schema-parts.js';
import { checkerOf } from '../base/shape/checker.js';
import { withoutNulls } from '../base/shape/without-nulls.js';
import { objectsIn, textIn } from '../base/json-fields.js';
import { inputItemSchema } from './input-item-schema.js';
import { echoedSettings, type EchoedSettings } from './response-settings.js';
import { responsesRequestSchema } from './responses-request-schema.js';
import { refuseReferences, refuseUnsupported } from './unsupported.js';

/** One request for a Response, checked for shape. */
export interface ResponsesRequest {
  /** Public id as it was sent, options of a sandbox id included. */
  readonly model: string;
  readonly stream: boolean;
  readonly store: boolean;
  readonly background: boolean;
  /** False: no model is asked; the response exists only to be continued. */
  readonly generates: boolean;
  readonly previousResponseId?: string;
  readonly conversationId?: string;
  /** A string becomes one user message. Every item has its `type` and is otherwise as it was sent. */
  readonly input: readonly JsonObject[];
  readonly instructions?: string;
  /** `max_output_tokens`, at least 16. */
  readonly outputCapTokens?: number;
  readonly include: readonly string[];
  readonly settings: EchoedSettings;
  /** The body as the client sent it, without the optional fields that were null. */
  readonly body: JsonObject;
}

const checkRequest = checkerOf(responsesRequestSchema);
const CHECKS = { items: checkerOf(itemList('items')), input: checkerOf(itemList('input')) };

/** @throws GatewayError 400 with the path of the field that is wrong */
export function parseResponsesRequest(sent: JsonObject, { generates = true } = {}): ResponsesRequest {
  const body = withoutNulls(sent);
  const items = typed(fromText(body['input']));
  checkRequest(items === undefined ? body : { ...body, input: items });
  const input = objectsIn(items);
  refuseUnsupported(body, input, generates);
  return {
    model: textIn(body['model']) ?? '',
    stream: body['stream'] === true,
    store: body['store'] !== false,
    background: body['background'] === true,
    generates,
    ...present('previousResponseId', textIn(body['previous_response_id'])),
    ...present('conversationId', conversationIn(body['conversation'])),
    input,
    ...present('instructions', textIn(body['instructions'])),
    ...present('outputCapTokens', numberIn(body['max_output_tokens'])),
    include: (body['include'] ?? []) as readonly string[],
    settings: echoedSettings(body),
    body,
  };
}

/**
 * Parses items that come without a request, by the rules of `input`.
 *
 * @param name of the field that has them
 * @throws GatewayError 400 with a path such as `items[2].content`
 */
export function parseItems(
  sent: JsonValue | undefined,
  name: keyof typeof CHECKS = 'items',
): readonly JsonObject[] {
  const { [name]: items } = withoutNulls({ [name]: typed(sent) });
  CHECKS[name]({ [name]: items });
  const parsed = objectsIn(items);
  refuseReferences(parsed, name);
  return parsed;
}

function itemList(name: string): Schema {
  return object({ [name]: list(inputItemSchema) });
}

/** A text as one message of the user; any other value as it is. */
export function fromText(input: JsonValue | undefined): JsonValue | undefined {
  return typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : input;
}

/** Fills in the type of messages and references, which clients leave out. */
function typed(items: JsonValue | undefined): JsonValue | undefined {
  if (!Array.isArray(items)) return items;
  return (items as readonly JsonValue[]).map((item) => {
    if (!isJsonObject(item) || (item['type'] ?? null) !== null) return item;
    if ((item['role'] ?? null) !== null) return { ...item, type: 'message' };
    return Object.keys(item).every((name) => name === 'id' || name === 'type') && item['id'] !== undefined
      ? { ...item, type: 'item_reference' }
      : item;
  });
}

function conversationIn(value: JsonValue | undefined): string | undefined {
  return textIn(isJsonObject(value) ? value['id'] : value);
}

function numberIn(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function present<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [Key in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [Key in Name]?: Value };
}
