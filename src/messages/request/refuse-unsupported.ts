import { GatewayError } from '../../base/errors/gateway-error.js';
import type { JsonObject, JsonValue } from '../../base/json.js';
import { objectIn, objectsIn, textIn } from '../../base/json-fields.js';

/** Fields that refer to objects of an Anthropic account, or let its service choose what a call costs. */
const REFUSED = [
  'container',
  'skills',
  'mcp_servers',
  'user_profile_id',
  'workspace_id',
  'fallbacks',
  'fallback_credit_token',
  'billing_policy',
] as const;

/**
 * What decides an answer and cannot be had here. The body has passed the schema.
 * @throws GatewayError unsupported_parameter
 */
export function refuseUnsupported(body: JsonObject): void {
  const refused = REFUSED.find((field) => asksForSomething(body[field]));
  if (refused !== undefined)
    throw unsupported(refused, 'Objects of an account at a provider are not available.');
  objectsIn(body['messages']).forEach(({ content }, index) =>
    objectsIn(content).forEach((block, position) =>
      refuseFile(block, `messages[${index}].content[${position}]`),
    ),
  );
}

/** Files that were uploaded to a provider; also inside the results of tools. */
function refuseFile(block: JsonObject, path: string): void {
  if (objectIn(block['source'])['type'] === 'file')
    throw unsupported(`${path}.source`, 'Uploaded files cannot be referred to; send the file itself.');
  if (block['type'] !== 'tool_result') return;
  objectsIn(block['content']).forEach((inner, index) => refuseFile(inner, `${path}.content[${index}]`));
}

function asksForSomething(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null) return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

export function unsupported(param: string, why: string): GatewayError {
  return new GatewayError('unsupported_parameter', `\`${param}\` is not supported here. ${why}`, { param });
}

/** Whether the value is the one that is free everywhere. */
export function isUsual(value: JsonValue | undefined, usual: readonly string[]): boolean {
  const word = textIn(value);
  return word === undefined || usual.includes(word);
}
