import { GatewayError } from '../../base/errors/gateway-error.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import type { AnswerFormat, HostedTools, Prompt, PromptMessage } from '../../text/prompt.js';
import { configurationOf } from '../domain/configuration.js';
import type { ToolIdentity } from '../domain/tool-identity.js';
import type { ResponsesRequest } from '../responses-request.js';
import { ItemConverter } from './convert-items.js';
import { convertToolChoice } from './convert-tool-choice.js';
import { convertTools } from './convert-tools.js';
import { objectsIn, textIn } from '../../base/json-fields.js';

export interface ToPromptOptions {
  readonly request: ResponsesRequest;
  /** The history and the input: calls and outputs in pairs, references resolved, compactions opened. */
  readonly context: readonly JsonObject[];
  /** Whether the model's services search the web by themselves, for a price. */
  readonly searches?: boolean;
}

/** Types of tools and items that the model does not see, since no upstream can run or represent them; each once. */
export interface LeftOut {
  readonly tools: readonly string[];
  readonly items: readonly string[];
}

export interface BridgedRequest {
  readonly prompt: Prompt;
  /** The client's tool behind each function of the prompt. */
  readonly tools: ReadonlyMap<string, ToolIdentity>;
  readonly leftOut: LeftOut;
}

/** @throws GatewayError 400 when the choice of a tool cannot be met, or there is no message */
export function toPrompt({ request, context, searches = false }: ToPromptOptions): BridgedRequest {
  const { body } = request;
  const toolsOf = (type: string): readonly JsonObject[] =>
    context.flatMap((item) => (item['type'] === type ? objectsIn(item['tools']) : []));
  const converted = convertTools({
    declared: [...objectsIn(body['tools']), ...toolsOf('additional_tools')],
    loaded: toolsOf('tool_search_output'),
    searches,
  });
  const { reasoning, text } = configurationOf(body, context);
  const { tools, hosted, choice } = convertToolChoice(body['tool_choice'], converted);
  const items = new ItemConverter(context, converted.names, searches);
  const messages = [...instructionsOf(request), ...items.convert()];
  if (messages.length === 0 && request.generates) {
    throw new GatewayError('missing_required_parameter', 'Missing required parameter: `input`.', {
      param: 'input',
    });
  }
  const prompt: Prompt = {
    messages,
    tools,
    toolChoice: choice,
    parallelToolCalls: tools.length === 0 ? undefined : flagIn(body['parallel_tool_calls']),
    hosted: hosted.length === 0 ? undefined : hostedTools(request, hosted),
    choices: 1,
    stop: [],
    sampling: {
      temperature: numberIn(body['temperature']),
      topP: numberIn(body['top_p']),
      presencePenalty: numberIn(body['presence_penalty']),
      frequencyPenalty: numberIn(body['frequency_penalty']),
    },
    logprobs: logprobsOf(request),
    format: formatOf(text['format']),
    reasoningEffort: textIn(reasoning['effort']),
    reasoningSummary: textIn(reasoning['summary'] ?? reasoning['generate_summary']) ?? 'none',
    verbosity: textIn(text['verbosity']),
    serviceTier: textIn(body['service_tier']),
    hints: {
      user: textIn(body['user']),
      safetyIdentifier: textIn(body['safety_identifier']),
      promptCacheKey: textIn(body['prompt_cache_key']),
      metadata: isJsonObject(body['metadata']) ? body['metadata'] : undefined,
    },
  };
  const leftOut = { tools: converted.leftOut, items: [...items.leftOut] };
  return { prompt, tools: converted.names.identities, leftOut };
}

function instructionsOf({ instructions }: ResponsesRequest): readonly PromptMessage[] {
  return instructions === undefined
    ? []
    : [{ role: 'system', parts: [{ type: 'text', text: instructions }] }];
}

function hostedTools({ body, include }: ResponsesRequest, tools: readonly JsonObject[]): HostedTools {
  const wanted = include.filter((field) => field.startsWith('web_search_call.'));
  return { tools, maxCalls: numberIn(body['max_tool_calls']), include: wanted };
}

function formatOf(format: JsonValue | undefined): AnswerFormat | undefined {
  if (!isJsonObject(format) || format['type'] === 'text') return undefined;
  if (format['type'] !== 'json_schema') return { type: 'json_object' };
  const { name, description, schema, strict } = format;
  return {
    type: 'json_schema',
    name: textIn(name) ?? '',
    description: textIn(description),
    schema: isJsonObject(schema) ? schema : undefined,
    strict: flagIn(strict),
  };
}

function logprobsOf({ settings, include }: ResponsesRequest): number | undefined {
  const { top_logprobs: top } = settings;
  return top === 0 && !include.includes('message.output_text.logprobs') ? undefined : top;
}

function flagIn(value: JsonValue | undefined): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function numberIn(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
