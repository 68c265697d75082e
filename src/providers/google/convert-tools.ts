import type { JsonObject } from '../../base/json.js';
import type { AllowedTools, CustomTool, Prompt, PromptTool, ToolChoice } from '../../text/prompt.js';
import { reduceSchema } from './reduce-schema.js';
import type { ToolNames } from './tool-names.js';
import type { FunctionCallingConfig, FunctionDeclaration, Tool } from './wire.js';

/** The only field of the function that stands for a custom tool, whose input is plain text. */
export const CUSTOM_INPUT = 'input';

const CUSTOM_PARAMETERS: JsonObject = {
  type: 'object',
  properties: { [CUSTOM_INPUT]: { type: 'string' } },
  required: [CUSTOM_INPUT],
};

interface ConvertedTools {
  readonly tools: readonly Tool[];
  readonly calling: FunctionCallingConfig | undefined;
}

/** The tools that a model may use, and whether it must. What asks for nothing is left out. */
export function convertTools({ tools, toolChoice, webSearch }: Prompt, names: ToolNames): ConvertedTools {
  const offered = offeredTools(tools, toolChoice);
  const declared = offered.map((tool) => declaration(tool, names));
  return {
    tools: [
      ...(declared.length > 0 ? [{ functionDeclarations: declared }] : []),
      ...(webSearch ? [{ googleSearch: {} }] : []),
    ],
    calling: declared.length > 0 ? callingConfig(toolChoice, names) : undefined,
  };
}

/** Only a call that is demanded can be limited to some of the tools, so for a free choice the others are left out. */
function offeredTools(tools: readonly PromptTool[], choice: ToolChoice | undefined): readonly PromptTool[] {
  if (!isAllowed(choice) || choice.mode === 'required') return tools;
  const allowed = new Set(choice.allowed.map(keyOf));
  return tools.filter((tool) => allowed.has(keyOf(tool)));
}

function callingConfig(choice: ToolChoice | undefined, names: ToolNames): FunctionCallingConfig | undefined {
  if (choice === undefined || choice === 'auto') return undefined;
  if (choice === 'none') return { mode: 'NONE' };
  if (choice === 'required') return { mode: 'ANY' };
  if (isAllowed(choice) && choice.mode === 'auto') return undefined;
  const chosen = isAllowed(choice) ? choice.allowed : [choice];
  const allowedFunctionNames = chosen.flatMap(({ kind, name }) =>
    kind === 'function' || kind === 'custom' ? names.of({ kind, name }) : [],
  );
  return { mode: 'ANY', allowedFunctionNames };
}

function isAllowed(choice: ToolChoice | undefined): choice is AllowedTools {
  return typeof choice === 'object' && 'allowed' in choice;
}

function keyOf({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return JSON.stringify([kind, name]);
}

function declaration(tool: PromptTool, names: ToolNames): FunctionDeclaration {
  const { kind, name } = tool;
  const description = kind === 'custom' ? customDescription(tool) : tool.description;
  const parameters = kind === 'custom' ? CUSTOM_PARAMETERS : tool.parameters && reduceSchema(tool.parameters);
  return {
    name: names.of({ kind, name }),
    ...(description !== undefined && description !== '' && { description }),
    ...(parameters && { parametersJsonSchema: parameters }),
  };
}

/** No grammar can be enforced, so the description states it. */
function customDescription({ description, format }: CustomTool): string {
  const grammar = format?.['type'] === 'grammar' ? format['grammar'] : undefined;
  const stated =
    grammar === undefined ? [] : [`The input must match this grammar: ${JSON.stringify(grammar)}`];
  return [description ?? '', ...stated].filter((text) => text !== '').join('\n\n');
}
