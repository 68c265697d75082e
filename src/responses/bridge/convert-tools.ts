import { isJsonObject, type JsonObject } from '../../base/json.js';
import type { FunctionTool } from '../../text/prompt.js';
import { isClientToolType } from '../domain/client-tools.js';
import { objectsIn, pick, textIn } from '../../base/json-fields.js';
import type { ToolIdentity } from '../domain/tool-identity.js';
import { clientFunction, clientToolType } from './client-tool-functions.js';
import { ToolNames } from './tool-names.js';

/** A tool that can be offered to every upstream. */
export interface OfferedTool {
  readonly identity: ToolIdentity;
  readonly tool: FunctionTool;
}

export interface ConvertedTools {
  readonly offered: readonly OfferedTool[];
  readonly names: ToolNames;
  /** Tools that the upstream runs by itself. */
  readonly hosted: readonly JsonObject[];
  /** Types of the tools that cannot run on the upstream, each once. */
  readonly leftOut: readonly string[];
}

/** The tools in a request and its context. */
export interface DeclaredTools {
  readonly declared: readonly JsonObject[];
  /** Tools that searches have loaded. */
  readonly loaded: readonly JsonObject[];
  /** Whether the model's services search the web by themselves, for a price. */
  readonly searches: boolean;
}

/**
 * Every tool that the client runs becomes a nested function: namespaces are flattened, custom tools take one string as
 * their input, and tools that are known only by their type get a description. A tool with `defer_loading` is offered
 * after a search by the client has loaded it. Without a search tool nothing would load it, so it is offered at once.
 */
export function convertTools({ declared, loaded, searches }: DeclaredTools): ConvertedTools {
  const names = new ToolNames();
  const all = [...declared, ...loaded].map((tool) => ({ tool, identity: identityOf(tool) }));
  const isSearched = all.some(({ identity }) => identity?.type === 'tool_search');
  const atOnce = (tools: readonly JsonObject[]): readonly JsonObject[] =>
    isSearched ? tools.filter((tool) => tool['defer_loading'] !== true) : tools;
  const loadable = isSearched ? linesOn(declared) : [];
  // By name on the chat wire: a second declaration of a tool replaces the first.
  const offered = new Map<string, OfferedTool>();
  const offer = (tool: JsonObject, namespace?: string): void => {
    const identity = identityOf(tool, namespace);
    if (!identity) return;
    const name = names.offer(identity);
    offered.set(name, { identity, tool: functionFor(tool, identity, name, loadable) });
  };
  // Tools outside namespaces come first and keep their names; tools in namespaces give way.
  for (const tool of [...atOnce(declared), ...loaded]) offer(tool);
  for (const [tools, inner] of [
    [declared, atOnce],
    [loaded, objectsIn],
  ] as const) {
    for (const tool of tools) {
      if (!isNamespace(tool)) continue;
      for (const one of inner(objectsIn(tool['tools']))) offer(one, textIn(tool['name']));
    }
  }
  const others = all.filter(({ tool, identity }) => !identity && !isNamespace(tool)).map(({ tool }) => tool);
  const isHosted = (tool: JsonObject): boolean => searches && isSearch(tool);
  const hosted = others.filter(isHosted).map((tool) => pick(tool, SEARCH_FIELDS));
  const absent = others.filter((tool) => !isHosted(tool)).map(({ type }) => textIn(type) ?? '');
  return { offered: [...offered.values()], names, hosted, leftOut: [...new Set(absent)] };
}

/** What goes up of a search of the web: nothing in it refers to an account. */
const SEARCH_FIELDS = ['type', 'filters', 'search_context_size', 'user_location'] as const;

/** Such as `web_search`, and `web_search_preview` of some date. */
export function isSearch({ type }: JsonObject): boolean {
  return typeof type === 'string' && /^web_search(?:_preview)?(?:_[\d_]+)?$/.test(type);
}

/** The names of these tools for the model, including tools in namespaces. */
export function namesOf(tools: readonly JsonObject[], names: ToolNames): readonly string[] {
  return tools.flatMap((tool) => {
    if (!isNamespace(tool)) return nameOf(tool, names);
    return objectsIn(tool['tools']).flatMap((inner) => nameOf(inner, names, textIn(tool['name'])));
  });
}

function nameOf(tool: JsonObject, names: ToolNames, namespace?: string): readonly string[] {
  const identity = identityOf(tool, namespace);
  return identity ? [names.called(identity)] : [];
}

function isNamespace({ type }: JsonObject): boolean {
  return type === 'namespace';
}

/** Undefined for a tool that cannot be offered to a chat upstream, and for a namespace. */
function identityOf(tool: JsonObject, namespace?: string): ToolIdentity | undefined {
  const { type } = tool;
  if (type === 'function' || type === 'custom') {
    const name = textIn(tool['name']) ?? '';
    return { type, name, ...(namespace === undefined ? {} : { namespace }) };
  }
  const client = clientToolType(tool);
  return client && namespace === undefined ? { type: client, name: client } : undefined;
}

/** A line about each deferred tool or namespace, so that the model can search for it. */
function linesOn(declared: readonly JsonObject[]): readonly string[] {
  return declared.flatMap((tool) => {
    const isDeferred =
      tool['defer_loading'] === true ||
      objectsIn(tool['tools']).some((inner) => inner['defer_loading'] === true);
    const name = textIn(tool['name']);
    if (!isDeferred || name === undefined) return [];
    return [`- ${name}: ${textIn(tool['description']) ?? ''}`];
  });
}

function functionFor(
  tool: JsonObject,
  { type }: ToolIdentity,
  name: string,
  loadable: readonly string[],
): FunctionTool {
  if (isClientToolType(type)) return clientFunction(type, tool, name, loadable);
  return type === 'custom' ? customFunction(tool, name) : plainFunction(tool, name);
}

function plainFunction({ description, parameters, strict }: JsonObject, name: string): FunctionTool {
  return {
    kind: 'function',
    name,
    description: textIn(description),
    parameters: isJsonObject(parameters) ? parameters : { type: 'object', properties: {} },
    strict: typeof strict === 'boolean' ? strict : undefined,
  };
}

function customFunction(tool: JsonObject, name: string): FunctionTool {
  const description = [textIn(tool['description']), ...formatText(tool)].filter(Boolean).join('\n\n');
  return {
    kind: 'function',
    name,
    description: description === '' ? undefined : description,
    custom: { description: textIn(tool['description']), format: chatFormat(tool) },
    parameters: { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] },
  };
}

/** The format as prompts have it: nested below its type. */
function chatFormat({ format }: JsonObject): JsonObject | undefined {
  if (!isJsonObject(format) || format['type'] !== 'grammar') return undefined;
  const { type, ...grammar } = format;
  return { type, grammar };
}

/** Not every chat upstream can enforce a grammar, so the description states it. */
function formatText({ format }: JsonObject): readonly string[] {
  const [grammar] = objectsIn([format ?? null]);
  if (grammar?.['type'] !== 'grammar') return [];
  const { syntax, definition } = grammar;
  return [`The input must match this ${textIn(syntax) ?? ''} grammar:\n${textIn(definition) ?? ''}`];
}
