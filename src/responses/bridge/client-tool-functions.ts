import { isJsonObject, type JsonObject } from '../../base/json.js';
import type { FunctionTool } from '../../text/prompt.js';
import { isClientToolType, type ClientToolType } from '../domain/client-tools.js';
import { textIn } from '../../base/json-fields.js';

/** The description of a tool for a chat upstream, which does not know its type. */
interface FunctionText {
  readonly description: string;
  readonly parameters: JsonObject;
}

const text = { type: 'string' };
const texts = { type: 'array', items: text };
const count = { type: 'integer' };

function objectOf(properties: JsonObject, required = Object.keys(properties)): JsonObject {
  return { type: 'object', properties, required };
}

const computerAction: JsonObject = objectOf(
  {
    type: {
      ...text,
      enum: ['click', 'double_click', 'drag', 'keypress', 'move', 'screenshot', 'scroll', 'type', 'wait'],
    },
    x: { ...count, description: 'Pixels from the left edge.' },
    y: { ...count, description: 'Pixels from the top edge.' },
    button: { ...text, enum: ['left', 'right', 'wheel', 'back', 'forward'], description: 'For click.' },
    keys: { ...texts, description: 'For keypress; else the keys that are held down.' },
    path: { type: 'array', items: objectOf({ x: count, y: count }), description: 'For drag.' },
    scroll_x: { ...count, description: 'For scroll: pixels.' },
    scroll_y: { ...count, description: 'For scroll: pixels.' },
    text: { ...text, description: 'For type.' },
  },
  ['type'],
);

const FUNCTIONS: Readonly<Record<ClientToolType, FunctionText>> = {
  tool_search: {
    description: 'Loads further tools, which can be called from the next turn on.',
    // The parameters that clients of OpenAI's SDKs expect when they declare none.
    parameters: objectOf({
      paths: { ...texts, description: 'Names of the tools or groups of tools to load.' },
    }),
  },
  local_shell: {
    description: "Runs a command on the user's machine.",
    parameters: objectOf(
      {
        command: { ...texts, description: 'The program and its arguments, such as ["bash", "-lc", "ls"].' },
        working_directory: text,
        env: { type: 'object', additionalProperties: text },
        timeout_ms: count,
      },
      ['command'],
    ),
  },
  shell: {
    description: "Runs shell commands on the user's machine and returns their output.",
    parameters: objectOf(
      {
        commands: { ...texts, description: 'Commands that are run in their order.' },
        timeout_ms: { ...count, description: 'Longest time for all of them.' },
        max_output_length: { ...count, description: 'Most characters of output to return.' },
      },
      ['commands'],
    ),
  },
  apply_patch: {
    description: 'Creates, updates or deletes one file.',
    parameters: objectOf(
      {
        type: { ...text, enum: ['create_file', 'update_file', 'delete_file'] },
        path: { ...text, description: 'Relative to the root of the workspace.' },
        diff: {
          ...text,
          description:
            'For create_file every line of the file behind a "+". For update_file a V4A diff: sections that begin ' +
            'with "@@" and, optionally, the line of the file that they follow; then lines behind " " (context), ' +
            '"-" (removed) or "+" (added). Not for delete_file.',
        },
      },
      ['type', 'path'],
    ),
  },
  computer: {
    description: "Acts on the user's screen and returns a screenshot.",
    parameters: objectOf({ actions: { type: 'array', items: computerAction } }),
  },
  computer_use_preview: {
    description: "Acts once on the user's screen and returns a screenshot.",
    parameters: objectOf({ action: computerAction }),
  },
};

/** Undefined for a tool that the client does not run. */
export function clientToolType(tool: JsonObject): ClientToolType | undefined {
  const { type, execution, environment } = tool;
  if (!isClientToolType(type)) return undefined;
  if (type === 'tool_search') return execution === 'client' ? type : undefined;
  // The first version of the shell tool had no environment and always ran at the client.
  const isLocal = !isJsonObject(environment) || environment['type'] === 'local';
  return type !== 'shell' || isLocal ? type : undefined;
}

/** @param loadable lines on the tools that a search can load */
export function clientFunction(
  type: ClientToolType,
  tool: JsonObject,
  name: string,
  loadable: readonly string[],
): FunctionTool {
  const { description, parameters } = FUNCTIONS[type];
  const own = type === 'tool_search' && isJsonObject(tool['parameters']) ? tool['parameters'] : parameters;
  const lines = [textIn(tool['description']) ?? description, ...screenOf(tool)];
  if (type === 'tool_search' && loadable.length > 0) lines.push('It can load:', ...loadable);
  return { kind: 'function', name, description: lines.join('\n'), parameters: own };
}

function screenOf(tool: JsonObject): readonly string[] {
  const { display_width: width, display_height: height, environment } = tool;
  if (typeof width !== 'number' || typeof height !== 'number') return [];
  return [`The screen (${textIn(environment) ?? 'computer'}) has ${width} by ${height} pixels.`];
}
