import type { ToolChoice as WireChoice } from '@anthropic-ai/sdk/resources/messages';
import { isJsonObject, type JsonObject } from '../../../base/json.js';
import { cacheMark } from '../../../text/cache-mark.js';
import type { CustomTool, FunctionTool, Prompt, PromptTool, ToolChoice } from '../../../text/prompt.js';
import type { Turn, WireTool } from '../messages-wire.js';
import { fitSchema } from './fit-schema.js';

export interface ConvertedTools {
  /** Empty: nothing about tools goes up. */
  readonly tools: readonly WireTool[];
  readonly choice?: WireChoice | undefined;
}

/** Parts of a tool that only some models take. */
export interface ToolLimits {
  readonly strict: boolean;
  readonly parallel: boolean;
}

/** @param turns what was called in them must be declared, even if nothing may be called any more */
export function convertTools(prompt: Prompt, turns: readonly Turn[], limits: ToolLimits): ConvertedTools {
  const { tools, toolChoice, parallelToolCalls } = prompt;
  const offered = allowedOf(tools, toolChoice).map((tool) => convertTool(tool, limits));
  if (offered.length === 0) {
    const called = calledNames(turns).map((name): WireTool => ({ name, input_schema: { type: 'object' } }));
    return called.length === 0 ? { tools: [] } : { tools: called, choice: { type: 'none' } };
  }
  const isSingle = parallelToolCalls === false && limits.parallel;
  return { tools: offered, choice: convertChoice(toolChoice, isSingle) };
}

/** A list of allowed tools is a limit: no other tool is shown to the model. */
function allowedOf(tools: readonly PromptTool[], choice: ToolChoice | undefined): readonly PromptTool[] {
  if (typeof choice !== 'object' || !('allowed' in choice)) return tools;
  const names = new Set(choice.allowed.map(({ kind, name }) => `${kind}:${name}`));
  return tools.filter(({ kind, name }) => names.has(`${kind}:${name}`));
}

function convertTool(tool: PromptTool, limits: ToolLimits): WireTool {
  return tool.kind === 'custom' ? customTool(tool) : functionTool(tool, limits);
}

function functionTool(
  { name, description, parameters = {}, strict, extra }: FunctionTool,
  limits: ToolLimits,
): WireTool {
  const isStrict = strict === true && limits.strict;
  return {
    name,
    ...(description !== undefined && { description }),
    input_schema: { ...(isStrict ? fitSchema(parameters) : parameters), type: 'object' },
    ...(isStrict && { strict }),
    ...cacheMark(extra),
  };
}

/** A custom tool takes free text, which this wire has no form for: it becomes the one string of an object. */
function customTool({ name, description, format, extra }: CustomTool): WireTool {
  const words = [description, grammarText(format)].filter(Boolean).join('\n\n');
  return {
    name,
    ...(words !== '' && { description: words }),
    input_schema: { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] },
    ...cacheMark(extra),
  };
}

/** Nothing here enforces a grammar, so the description states it. */
function grammarText(format: JsonObject | undefined): string | undefined {
  const grammar = format?.['grammar'];
  if (!isJsonObject(grammar) || typeof grammar['definition'] !== 'string') return undefined;
  const syntax = typeof grammar['syntax'] === 'string' ? `${grammar['syntax']} ` : '';
  return `The input must match this ${syntax}grammar:\n${grammar['definition']}`;
}

function convertChoice(choice: ToolChoice | undefined, isSingle: boolean): WireChoice | undefined {
  const single = isSingle ? { disable_parallel_tool_use: true } : {};
  const mode = typeof choice === 'object' && 'allowed' in choice ? choice.mode : choice;
  switch (mode) {
    case undefined:
      return isSingle ? { type: 'auto', ...single } : undefined;
    case 'auto':
      return { type: 'auto', ...single };
    case 'required':
      return { type: 'any', ...single };
    case 'none':
      return { type: 'none' };
    default:
      return { type: 'tool', name: mode.name, ...single };
  }
}

/** Each once, in the order of their first calls. */
function calledNames(turns: readonly Turn[]): readonly string[] {
  const names = new Set<string>();
  for (const { content } of turns)
    for (const block of content) if (block.type === 'tool_use') names.add(block.name);
  return [...names];
}
