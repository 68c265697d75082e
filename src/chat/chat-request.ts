import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.js';
import { chatRequestSchema } from './chat-request-schema.js';
import { checkerOf } from '../base/shape/checker.js';
import { refuseUnsupported } from './unsupported.js';
import { withoutNulls } from '../base/shape/without-nulls.js';

/** One request for a chat completion, checked for shape. */
export interface ChatRequest {
  /** Public id as it was sent, options of a sandbox id included. */
  readonly model: string;
  readonly stream: boolean;
  readonly store: boolean;
  /** `stream_options.include_usage` */
  readonly includeUsage: boolean;
  /** Tokens for each choice; `max_completion_tokens` wins over the older `max_tokens`. */
  readonly outputCapTokens?: number;
  /** The body as the client sent it, without the optional fields that were null. */
  readonly body: JsonObject;
}

const checkShape = checkerOf(chatRequestSchema);

/** @throws GatewayError 400 with the path of the field that is wrong */
export function parseChatRequest(sent: JsonObject): ChatRequest {
  checkShape(sent);
  const body = withoutNulls(sent);
  refuseUnsupported(body);
  const outputCapTokens = numberIn(body['max_completion_tokens']) ?? numberIn(body['max_tokens']);
  const { model, stream_options: streamOptions } = body;
  return {
    model: typeof model === 'string' ? model : '',
    stream: body['stream'] === true,
    store: body['store'] === true,
    includeUsage: isJsonObject(streamOptions) && streamOptions['include_usage'] === true,
    ...(outputCapTokens === undefined ? {} : { outputCapTokens }),
    body,
  };
}

function numberIn(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
