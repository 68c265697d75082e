import { GatewayError } from '../base/errors/gateway-error.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.js';
import { isTrigger } from './domain/compacted.js';
import { objectIn, objectsIn } from '../base/json-fields.js';

const NO_FILES = 'Uploaded files cannot be referred to; send the data itself.';

/**
 * Checks that a schema of single fields cannot express. The body has passed the schema and has no nulls.
 *
 * @throws GatewayError unsupported_parameter, missing_required_parameter, invalid_value
 */
export function refuseUnsupported(body: JsonObject, input: readonly JsonObject[], generates: boolean): void {
  if (body['prompt'] !== undefined) {
    throw unsupported(
      'prompt',
      'Prompt templates are kept by a provider; send their text as instructions and input.',
    );
  }
  if (body['moderation'] !== undefined) throw unsupported('moderation', 'Nothing is moderated here.');
  refuseContradictions(body);
  if (generates) refuseNothing(body, input);
  else if (body['conversation'] !== undefined) {
    throw unsupported('conversation', 'A response that generates nothing adds nothing to a conversation.');
  }
  refuseTriggers(generates ? input.slice(0, -1) : input);
  refuseReferences(input, 'input');
  objectsIn(body['tools']).forEach((tool, index) => checkTool(tool, `tools[${index}]`));
}

/** @throws GatewayError for parts and tools that refer to something in an account at an upstream */
export function refuseReferences(input: readonly JsonObject[], path: string): void {
  input.forEach((item, index) => {
    for (const field of ['content', 'output'] as const) {
      objectsIn(item[field]).forEach((part, position) =>
        checkPart(part, `${path}[${index}].${field}[${position}]`),
      );
    }
    if (item['type'] === 'computer_call_output' && objectIn(item['output'])['file_id'] !== undefined) {
      throw unsupported(`${path}[${index}].output.file_id`, NO_FILES);
    }
    if (item['type'] !== 'additional_tools') return;
    objectsIn(item['tools']).forEach((tool, position) =>
      checkTool(tool, `${path}[${index}].tools[${position}]`),
    );
  });
}

function refuseNothing(body: JsonObject, input: readonly JsonObject[]): void {
  const continues = body['previous_response_id'] !== undefined || body['conversation'] !== undefined;
  if (input.length === 0 && !continues) throw missing('input');
}

function refuseTriggers(input: readonly JsonObject[]): void {
  const index = input.findIndex(isTrigger);
  if (index < 0) return;
  throw new GatewayError(
    'invalid_value',
    'A `compaction_trigger` can only be the last item of an input that a model is asked about.',
    { param: `input[${index}]` },
  );
}

function refuseContradictions(body: JsonObject): void {
  if (body['previous_response_id'] !== undefined && body['conversation'] !== undefined) {
    throw new GatewayError('invalid_value', '`conversation` and `previous_response_id` exclude each other.', {
      param: 'conversation',
    });
  }
  if (body['background'] === true && body['store'] === false) {
    throw new GatewayError('invalid_value', '`background` needs `store` to be true.', {
      param: 'background',
    });
  }
}

function checkPart(part: JsonObject, path: string): void {
  if (part['type'] !== 'input_image' && part['type'] !== 'input_file') return;
  if (part['file_id'] !== undefined) {
    throw unsupported(`${path}.file_id`, NO_FILES);
  }
  if (part['file_url'] !== undefined) {
    throw unsupported(`${path}.file_url`, 'Files are not fetched; send the file itself as file_data.');
  }
  const needed = part['type'] === 'input_image' ? 'image_url' : 'file_data';
  if (part[needed] === undefined) throw missing(`${path}.${needed}`);
}

function checkTool(tool: JsonObject, path: string): void {
  const { vector_store_ids: stores, container, environment } = tool;
  if (isFilled(stores)) {
    throw unsupported(`${path}.vector_store_ids`, 'Vector stores of a provider cannot be referred to.');
  }
  if (typeof container === 'string') {
    throw unsupported(`${path}.container`, 'Containers of a provider cannot be referred to.');
  }
  if (isJsonObject(container) && isFilled(container['file_ids'])) {
    throw unsupported(`${path}.container.file_ids`, 'Uploaded files cannot be referred to.');
  }
  if (isJsonObject(environment) && environment['container_id'] !== undefined) {
    throw unsupported(`${path}.environment.container_id`, 'Containers of a provider cannot be referred to.');
  }
}

function isFilled(list: JsonValue | undefined): boolean {
  return Array.isArray(list) && list.length > 0;
}

function missing(param: string): GatewayError {
  return new GatewayError('missing_required_parameter', `Missing required parameter: \`${param}\`.`, {
    param,
  });
}

function unsupported(param: string, why: string): GatewayError {
  return new GatewayError('unsupported_parameter', `\`${param}\` is not supported here. ${why}`, { param });
}
