import { GatewayError } from '../../base/errors/gateway-error.js';
import { isJsonObject, type JsonObject } from '../../base/json.js';
import { configurationOf } from '../domain/configuration.js';
import type { ToolIdentity } from '../domain/tool-identity.js';
import type { ResponsesRequest } from '../responses-request.js';
import { ItemConverter } from './convert-items.js';
import { convertToolChoice } from './convert-tool-choice.js';
import { convertTools } from './convert-tools.js';
import { objectsIn, pick } from '../domain/fields.js';

/** Fields that both wires have under one name. */
const SAME_ON_BOTH = [
  'temperature',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'user',
  'safety_identifier',
  'prompt_cache_key',
  'service_tier',
  'metadata',
] as const;

export interface ToChatOptions {
  readonly request: ResponsesRequest;
  /** The history and the input: calls and outputs in pairs, references resolved, compactions opened. */
  readonly context: readonly JsonObject[];
}

/** Types of what the model does not see, since a chat upstream cannot run it or has no place for it; each once. */
export interface LeftOut {
  readonly tools: readonly string[];
  readonly items: readonly string[];
}

export interface ChatBridge {
  /** A chat-completions body; the limit of output tokens is not in it. */
  readonly chat: JsonObject;
  /** What stands behind each function of `chat`. */
  readonly tools: ReadonlyMap<string, ToolIdentity>;
  readonly leftOut: LeftOut;
}

/** @throws GatewayError 400 when the choice of a tool cannot be met, or there is nothing to say */
export function toChat({ request, context }: ToChatOptions): ChatBridge {
  const { body } = request;
  const toolsOf = (type: string): readonly JsonObject[] =>
    context.flatMap((item) => (item['type'] === type ? objectsIn(item['tools']) : []));
  const converted = convertTools({
    declared: [...objectsIn(body['tools']), ...toolsOf('additional_tools')],
    loaded: toolsOf('tool_search_output'),
  });
  const { reasoning, text } = configurationOf(body, context);
  const { tools, choice } = convertToolChoice(body['tool_choice'], converted);
  const items = new ItemConverter(context, converted.names);
  const messages = [
    ...(request.instructions === undefined ? [] : [{ role: 'system', content: request.instructions }]),
    ...items.convert(),
  ];
  if (messages.length === 0 && request.generates) {
    throw new GatewayError('missing_required_parameter', 'Missing required parameter: `input`.', {
      param: 'input',
    });
  }
  const chat = {
    model: request.model,
    messages,
    stream: request.stream,
    ...pick(body, SAME_ON_BOTH),
    ...(tools.length === 0 ? {} : { tools, ...pick(body, ['parallel_tool_calls']) }),
    ...(choice === undefined ? {} : { tool_choice: choice }),
    ...textFields(text),
    ...reasoningFields(reasoning),
    ...logprobFields(request),
  };
  const leftOut = { tools: converted.leftOut, items: [...items.leftOut] };
  return { chat, tools: converted.names.identities, leftOut };
}

function textFields(text: JsonObject): JsonObject {
  const { format } = text;
  if (!isJsonObject(format) || format['type'] === 'text') return pick(text, ['verbosity']);
  const responseFormat =
    format['type'] === 'json_schema'
      ? { type: 'json_schema', json_schema: pick(format, ['name', 'description', 'schema', 'strict']) }
      : { type: 'json_object' };
  return { response_format: responseFormat, ...pick(text, ['verbosity']) };
}

function reasoningFields({ effort = null }: JsonObject): JsonObject {
  return effort === null ? {} : { reasoning_effort: effort };
}

function logprobFields({ settings, include }: ResponsesRequest): JsonObject {
  const { top_logprobs: top } = settings;
  if (top === 0 && !include.includes('message.output_text.logprobs')) return {};
  return { logprobs: true, ...(top === 0 ? {} : { top_logprobs: top }) };
}
