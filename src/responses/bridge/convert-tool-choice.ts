import { GatewayError } from '../../base/errors/gateway-error.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import type { FunctionTool, ToolChoice } from '../../text/prompt.js';
import type { ConvertedTools, OfferedTool } from './convert-tools.js';
import { isClientToolType } from '../domain/client-tools.js';
import { objectsIn, textIn } from '../../base/json-fields.js';
import type { ToolIdentity } from '../domain/tool-identity.js';

/** The tools for the upstream and the choice among them. */
export interface ChosenTools {
  readonly tools: readonly FunctionTool[];
  readonly hosted: readonly JsonObject[];
  /** Absent when there is no choice or no tool. */
  readonly choice?: ToolChoice;
}

/**
 * @throws GatewayError 400 (`tool_choice`) when the choice demands a tool that is absent or cannot run on the target
 */
export function convertToolChoice(choice: JsonValue | undefined, converted: ConvertedTools): ChosenTools {
  const { offered, hosted, leftOut } = converted;
  const tools = offered.map(({ tool }) => tool);
  const isNone = tools.length === 0 && hosted.length === 0;
  if (!isJsonObject(choice)) {
    if (choice === 'required' && isNone) throw nothingToCall(leftOut);
    return { tools, hosted, ...(isMode(choice) && !isNone ? { choice } : {}) };
  }
  if (choice['type'] === 'allowed_tools') return onlyAllowed(choice, converted);
  const chosen = offered.find(({ identity }) => isMeant(choice, identity));
  if (chosen) return { tools, hosted, choice: { kind: 'function', name: chosen.tool.name } };
  const search = hosted.find((tool) => tool['type'] === choice['type']);
  if (search) return { tools, hosted, choice: { kind: textIn(search['type']) ?? '', name: '' } };
  if (choice['type'] !== 'function' && choice['type'] !== 'custom')
    throw cannotRun(textIn(choice['type']) ?? '');
  throw new GatewayError('invalid_value', '`tool_choice` must name one of the tools in `tools`.', {
    param: 'tool_choice',
  });
}

/** `allowed_tools` is a hard limit: the model does not see other tools. */
function onlyAllowed({ mode, tools: allowed }: JsonObject, converted: ConvertedTools): ChosenTools {
  const meant = new Set(objectsIn(allowed).map(keyOf));
  const isAllowed = ({ identity: { type, name, namespace } }: OfferedTool): boolean =>
    meant.has(keyOf({ type, name })) ||
    (namespace !== undefined &&
      (meant.has(keyOf({ type, name, namespace })) ||
        meant.has(keyOf({ type: 'namespace', name: namespace }))));
  const tools = converted.offered.filter(isAllowed).map(({ tool }) => tool);
  const hosted = converted.hosted.filter(({ type }) => meant.has(keyOf({ type })));
  if (tools.length > 0 || hosted.length > 0) return { tools, hosted, choice: isMode(mode) ? mode : 'auto' };
  if (mode === 'required') throw nothingToCall(converted.leftOut);
  return { tools, hosted };
}

/** A namespace stands for all its tools. A tool without a namespace stands for all tools of its name. */
function keyOf(choice: JsonObject): string {
  const type = typeIn(choice);
  const { name = isClientToolType(type) ? type : undefined, namespace } = choice;
  return JSON.stringify(type === 'namespace' ? [type, name] : [type, name, namespace ?? null]);
}

function isMeant(choice: JsonObject, { type, name, namespace }: ToolIdentity): boolean {
  if (typeIn(choice) !== type) return false;
  if (isClientToolType(type)) return true;
  const fits = choice['namespace'] === undefined || choice['namespace'] === namespace;
  return fits && choice['name'] === name;
}

/** A choice and a declaration have different words for one tool, the computer. */
function typeIn({ type }: JsonObject): JsonValue | undefined {
  return type === 'computer_use' ? 'computer' : type;
}

function isMode(choice: JsonValue | undefined): choice is 'none' | 'auto' | 'required' {
  return choice === 'none' || choice === 'auto' || choice === 'required';
}

function nothingToCall(leftOut: readonly string[]): GatewayError {
  if (leftOut.length > 0) return cannotRun(leftOut.join(', '));
  return new GatewayError('invalid_value', '`tool_choice` demands a tool, and there is none to call.', {
    param: 'tool_choice',
  });
}

function cannotRun(types: string): GatewayError {
  return new GatewayError(
    'unsupported_parameter',
    `\`tool_choice\` demands a tool that cannot run on this model: ${types}.`,
    { param: 'tool_choice' },
  );
}
