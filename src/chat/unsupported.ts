import { GatewayError } from '../base/errors/gateway-error.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.js';

/** What a model thought, which other services show without a content. */
const REASONING = ['reasoning_content', 'reasoning_details'] as const;

/**
 * Checks that a schema of single fields cannot express. The body has passed the schema and has no nulls.
 *
 * @throws GatewayError unsupported_parameter, missing_required_parameter, invalid_value
 */
export function refuseUnsupported(body: JsonObject): void {
  if (body['audio'] !== undefined) throw unsupported('audio', 'No model here answers with audio.');
  if (items(body['modalities']).includes('audio')) {
    throw unsupported('modalities', 'No model here answers with audio; send ["text"] or leave it out.');
  }
  items(body['messages']).forEach((message, index) => {
    if (isJsonObject(message)) checkMessage(message, `messages[${index}]`);
  });
  checkNamedTool(body);
}

function checkMessage(message: JsonObject, path: string): void {
  if (message['role'] === 'assistant') checkAssistant(message, path);
  else if (message['role'] === 'user')
    items(message['content']).forEach((part, index) => checkPart(part, `${path}.content[${index}]`));
}

function checkAssistant(message: JsonObject, path: string): void {
  if (message['audio'] !== undefined) {
    throw unsupported(
      `${path}.audio`,
      'Earlier audio answers cannot be referred to; send their transcript as content.',
    );
  }
  const isSilent =
    (message['content'] ?? null) === null &&
    message['refusal'] === undefined &&
    message['function_call'] === undefined &&
    REASONING.every((field) => message[field] === undefined) &&
    items(message['tool_calls']).length === 0;
  if (!isSilent) return;
  const param = `${path}.content`;
  throw new GatewayError(
    'missing_required_parameter',
    `Missing required parameter: \`${param}\`. An assistant message needs content unless it has tool_calls, function_call or refusal.`,
    { param },
  );
}

function checkPart(part: JsonValue, path: string): void {
  const file = isJsonObject(part) && part['type'] === 'file' ? part['file'] : undefined;
  if (!isJsonObject(file)) return;
  if (file['file_id'] !== undefined) {
    throw unsupported(
      `${path}.file.file_id`,
      'Uploaded files cannot be referred to; send the file itself as file_data.',
    );
  }
  if (file['file_data'] === undefined) {
    const param = `${path}.file.file_data`;
    throw new GatewayError('missing_required_parameter', `Missing required parameter: \`${param}\`.`, {
      param,
    });
  }
}

/** The upstream would refuse the choice of a tool that was not offered, but only after the hold. */
function checkNamedTool(body: JsonObject): void {
  const choice = body['tool_choice'];
  if (!isJsonObject(choice)) return;
  const kind = choice['type'] === 'custom' ? 'custom' : 'function';
  const named = choice[kind];
  if (!isJsonObject(named)) return;
  const offered = items(body['tools']).some(
    (tool) => isJsonObject(tool) && nameIn(tool[kind]) === named['name'],
  );
  if (offered) return;
  const param = `tool_choice.${kind}.name`;
  throw new GatewayError('invalid_value', `\`${param}\` must name one of the ${kind} tools in \`tools\`.`, {
    param,
  });
}

function nameIn(tool: JsonValue | undefined): JsonValue | undefined {
  return isJsonObject(tool) ? tool['name'] : undefined;
}

function items(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}

function unsupported(param: string, why: string): GatewayError {
  return new GatewayError('unsupported_parameter', `\`${param}\` is not supported here. ${why}`, { param });
}
