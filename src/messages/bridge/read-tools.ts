import { GatewayError } from '../../base/errors/gateway-error.js';
import { isJsonObject, type JsonObject } from '../../base/json.js';
import { objectIn, objectsIn, textIn } from '../../base/json-fields.js';
import { markedExtra } from '../../text/cache-mark.js';
import type { FunctionTool, ToolChoice } from '../../text/prompt.js';
import { unsupported } from '../request/refuse-unsupported.js';
import type { ToolNames } from './tool-names.js';

/** Tools that run at the service and cost extra. */
const HOSTED = /^(?:web_search|web_fetch|code_execution|advisor|mcp)_/;
const TOOL_SEARCH = /^tool_search_tool_/;

export interface ReadTools {
  readonly tools: readonly FunctionTool[];
  readonly choice: ToolChoice | undefined;
  readonly parallel: boolean | undefined;
  /** Types of the tools that no other wire has, each once. */
  readonly leftOut: readonly string[];
  /** The choice demands a tool that only Anthropic's models know. */
  readonly refusal: GatewayError | undefined;
}

/**
 * The client's own tools become functions. A tool with `defer_loading` is offered once the context refers to it, or
 * at once where a search that would run at Anthropic was declared: nothing else could load it. Tools with a type of their
 * own run at Anthropic, or are known to its models alone.
 *
 * @param referred names of tools that the context refers to
 * @throws GatewayError 400 when the choice demands a tool that is absent or cannot run here
 */
export function readTools(body: JsonObject, referred: ReadonlySet<string>, names: ToolNames): ReadTools {
  const isContinued = objectIn(body['thread'])['type'] === 'continue';
  const declared = objectsIn(body['tools']);
  const isSearched = declared.some((tool) => TOOL_SEARCH.test(typeOf(tool)));
  const isOffered = (tool: JsonObject): boolean =>
    tool['defer_loading'] !== true || isSearched || referred.has(nameOf(tool));
  const own = declared.filter((tool) => typeOf(tool) === 'custom');
  const tools = own.filter(isOffered).map((tool) => functionOf(tool, names));
  const others = declared.filter((tool) => typeOf(tool) !== 'custom');
  const chosen = objectIn(body['tool_choice']);
  // The tools of a thread are in the store.
  const refusal = isContinued ? undefined : foreignChoice(chosen, tools, { own, others });
  const hasTools = isContinued || tools.length > 0;
  const isParallel = chosen['disable_parallel_tool_use'] === true ? false : undefined;
  return {
    tools,
    choice: hasTools ? choiceOf(chosen, names) : undefined,
    parallel: hasTools ? isParallel : undefined,
    leftOut: [...new Set(others.map(typeOf))],
    refusal,
  };
}

function typeOf(tool: JsonObject): string {
  return textIn(tool['type']) ?? 'custom';
}

function nameOf(tool: JsonObject): string {
  return textIn(tool['name']) ?? '';
}

function functionOf(tool: JsonObject, names: ToolNames): FunctionTool {
  const { input_schema: schema, strict } = tool;
  return {
    kind: 'function',
    name: names.shorten(nameOf(tool)),
    description: textIn(tool['description']),
    parameters: isJsonObject(schema) ? schema : { type: 'object', properties: {} },
    strict: strict === true ? true : undefined,
    ...markedExtra(tool),
  };
}

function choiceOf(chosen: JsonObject, names: ToolNames): ToolChoice | undefined {
  switch (chosen['type']) {
    case 'auto':
      return 'auto';
    case 'any':
      return 'required';
    case 'none':
      return 'none';
    case 'tool':
      return { kind: 'function', name: names.shorten(nameOf(chosen)) };
    default:
      return undefined;
  }
}

interface Declared {
  readonly own: readonly JsonObject[];
  readonly others: readonly JsonObject[];
}

/** @throws GatewayError for a tool that nobody has, or that runs at the service and has no price */
function foreignChoice(
  chosen: JsonObject,
  tools: readonly FunctionTool[],
  { own, others }: Declared,
): GatewayError | undefined {
  const isNamed = (tool: JsonObject): boolean => nameOf(tool) === nameOf(chosen);
  if (chosen['type'] === 'tool' && !own.some(isNamed)) {
    const foreign = others.find(isNamed);
    if (foreign) return cannotRun(typeOf(foreign));
    throw new GatewayError('invalid_value', '`tool_choice.name` must name one of the tools in `tools`.', {
      param: 'tool_choice.name',
    });
  }
  if (chosen['type'] !== 'any' || tools.length > 0) return undefined;
  const [foreign] = others;
  if (foreign) return cannotRun(typeOf(foreign));
  throw new GatewayError('invalid_value', '`tool_choice` demands a tool, and there is none to call.', {
    param: 'tool_choice',
  });
}

/** @throws GatewayError for a tool that runs at the service and has no price */
function cannotRun(type: string): GatewayError {
  const refusal = unsupported(
    'tool_choice',
    `It demands a tool that cannot run on this model: ${type.slice(0, 64)}.`,
  );
  if (HOSTED.test(type)) throw refusal;
  return refusal;
}
