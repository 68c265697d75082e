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
  /** Number of choices, 1..128. */
  readonly n: number;
  /** Tokens for each choice; `max_completion_tokens` wins over the older `max_tokens`. */
  readonly outputCapTokens?: number;
  /** Only a tier that is asked for by name; `auto` and `default` ask for nothing. */
  readonly serviceTier?: string;
  readonly webSearch: boolean;
  /** As it was sent, without the optional fields that were null. */
  readonly body: JsonObject;
}

const checkShape = checkerOf(chatRequestSchema);

/** @throws GatewayError 400 with the path of the field that is wrong */
export function parseChatRequest(sent: JsonObject): ChatRequest {
  checkShape(sent);
  const body = withoutNulls(sent);
  refuseUnsupported(body);
  const outputCapTokens = numberIn(body['max_completion_tokens']) ?? numberIn(body['max_tokens']);
  const serviceTier = namedTier(body['service_tier']);
  const { model, stream_options: streamOptions } = body;
  return {
    model: typeof model === 'string' ? model : '',
    stream: body['stream'] === true,
    store: body['store'] === true,
    includeUsage: isJsonObject(streamOptions) && streamOptions['include_usage'] === true,
    n: numberIn(body['n']) ?? 1,
    ...(outputCapTokens === undefined ? {} : { outputCapTokens }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
    webSearch: body['web_search_options'] !== undefined,
    body,
  };
}

function numberIn(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function namedTier(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== 'auto' && value !== 'default' ? value : undefined;
}
