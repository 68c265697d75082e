import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.js';
import { objectsIn } from '../base/json-fields.js';
import type { ResponseSettings } from './domain/response.js';
import { responsesRequestSchema } from './responses-request-schema.js';

/** The settings of its request that a Response shows, apart from those that tie it to the store. */
export type EchoedSettings = Omit<
  ResponseSettings,
  'model' | 'previous_response_id' | 'conversation' | 'background' | 'store'
>;

/** Far more than options need, and little compared with a Response. */
const MAX_UNKNOWN_CHARACTERS = 16_384;

/** Fields that are not options of a run: those of a Response, those of a socket, and a client's data about itself. */
const NO_OPTIONS = [
  ...['id', 'object', 'created_at', 'completed_at', 'status', 'incomplete_details', 'output', 'output_text'],
  ...['error', 'usage', 'compose_receipt', 'type', 'event_id', 'stream_id', 'generate', 'client_metadata'],
];
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  ...NO_OPTIONS,
  ...Object.keys(responsesRequestSchema['properties'] as object),
]);

/**
 * Secrets that a client gives to a hosted tool, such as `mcp`: not shown, since a Response is stored and read again.
 */
const SECRET_TOOL_FIELDS = new Set(['authorization', 'headers']);

/** Takes a body that has passed the schema and has no nulls. */
export function echoedSettings(body: JsonObject): EchoedSettings {
  const tier = stringOr(body['service_tier'], 'auto');
  const user = stringOr(body['user'], undefined);
  return {
    ...unknownFields(body),
    instructions: stringOr(body['instructions'], null),
    tools: objectsIn(body['tools']).map(echoedTool),
    tool_choice: body['tool_choice'] ?? 'auto',
    parallel_tool_calls: body['parallel_tool_calls'] !== false,
    truncation: body['truncation'] === 'auto' ? 'auto' : 'disabled',
    text: { format: { type: 'text' }, ...(isJsonObject(body['text']) ? body['text'] : {}) },
    temperature: numberOr(body['temperature'], 1),
    top_p: numberOr(body['top_p'], 1),
    top_logprobs: numberOr(body['top_logprobs'], 0),
    presence_penalty: numberOr(body['presence_penalty'], 0),
    frequency_penalty: numberOr(body['frequency_penalty'], 0),
    reasoning: echoedReasoning(body['reasoning']),
    max_output_tokens: numberOr(body['max_output_tokens'], null),
    max_tool_calls: numberOr(body['max_tool_calls'], null),
    service_tier: tier === 'auto' ? 'default' : tier,
    metadata: metadataOf(body['metadata']),
    safety_identifier: stringOr(body['safety_identifier'], null),
    prompt_cache_key: stringOr(body['prompt_cache_key'], null),
    ...(user === undefined ? {} : { user }),
  };
}

/**
 * Unknown fields, such as new ones of OpenAI, are shown as they came. Their size is limited, since each event with the
 * Response repeats them.
 */
function unknownFields(body: JsonObject): JsonObject {
  const fields = Object.entries(body).filter(([name]) => !KNOWN_FIELDS.has(name));
  let bytes = 0;
  return Object.fromEntries(
    fields.filter(([name, value]) => {
      bytes += name.length + JSON.stringify(value).length;
      return bytes <= MAX_UNKNOWN_CHARACTERS;
    }),
  );
}

function echoedTool(tool: JsonObject): JsonObject {
  if (tool['type'] === 'function') return { description: null, parameters: null, strict: null, ...tool };
  if (tool['type'] === 'custom' || tool['type'] === 'namespace') return tool;
  return Object.fromEntries(Object.entries(tool).filter(([name]) => !SECRET_TOOL_FIELDS.has(name)));
}

function echoedReasoning(reasoning: JsonValue | undefined): EchoedSettings['reasoning'] {
  if (!isJsonObject(reasoning)) return null;
  return {
    effort: stringOr(reasoning['effort'], null),
    summary: stringOr(reasoning['summary'] ?? reasoning['generate_summary'], null),
  };
}

function metadataOf(metadata: JsonValue | undefined): Readonly<Record<string, string>> {
  return isJsonObject(metadata) ? (metadata as Readonly<Record<string, string>>) : {};
}

function numberOr<Otherwise>(value: JsonValue | undefined, otherwise: Otherwise): number | Otherwise {
  return typeof value === 'number' ? value : otherwise;
}

function stringOr<Otherwise>(value: JsonValue | undefined, otherwise: Otherwise): string | Otherwise {
  return typeof value === 'string' ? value : otherwise;
}
