import type { JsonValue } from '../../base/json.js';
import type { AnswerFormat, Prompt, PromptMessage } from '../../text/prompt.js';
import { chooseTool, type SandboxCall } from './choose-tool.js';
import { jsonSchemaInstance } from './json-schema-instance.js';
import { countTokens, tokensOf } from './sandbox-tokens.js';

/** The answer of one choice, before limits. */
export interface SandboxAnswer {
  /** Empty when no reasoning was asked for. */
  readonly reasoning: string;
  readonly tokens: () => Iterable<string>;
  readonly call: SandboxCall | undefined;
}

const REASONING = 'The request is clear, so a short answer will do.';
const QUOTED_UNITS = 200;

/**
 * @param upstreamModel `echo` or `assistant`, also with a prefix such as `sandbox/`.
 * @param lengthTokens the length that the model name asks for; it shapes text only, never documents or calls.
 */
export function planAnswer(
  upstreamModel: string,
  prompt: Prompt,
  lengthTokens: number | undefined,
): SandboxAnswer {
  if (upstreamModel.split('/').at(-1) === 'echo')
    return spoken('', lastUserText(prompt), prompt, lengthTokens);
  const { reasoningEffort = 'none', tools, format } = prompt;
  const reasoning = reasoningEffort === 'none' ? '' : REASONING;
  const outputs = toolOutputs(prompt);
  const call = outputs.length === 0 && tools.length > 0 ? chooseTool(prompt) : undefined;
  if (call) return { reasoning, call, tokens: () => tokensOf(call.arguments) };
  const document = documentOf(format);
  if (document !== undefined) return spoken(reasoning, JSON.stringify(document), prompt, undefined);
  return spoken(reasoning, sentence(prompt, outputs), prompt, lengthTokens);
}

/** The text of one message: its text parts joined. */
export function textOf({ parts }: PromptMessage): string {
  let text = '';
  for (const part of parts) if (part.type === 'text') text += part.text;
  return text;
}

function lastUserText({ messages }: Prompt): string {
  const asked = messages.findLast(({ role }) => role === 'user');
  return asked ? textOf(asked) : '';
}

/** Outputs of tools that came after the last user message. */
function toolOutputs({ messages }: Prompt): readonly string[] {
  const asked = messages.findLastIndex(({ role }) => role === 'user');
  return messages
    .slice(asked + 1)
    .filter(({ role }) => role === 'tool')
    .map(textOf);
}

function sentence(prompt: Prompt, outputs: readonly string[]): string {
  if (outputs.length > 0) return `The tools answered: ${outputs.join('; ')}`;
  const asked = lastUserText(prompt);
  const quoted = asked.length > QUOTED_UNITS ? `${asked.slice(0, QUOTED_UNITS).trimEnd()}…` : asked;
  return `This is the sandbox assistant. You wrote: ${quoted}`;
}

function documentOf(format: AnswerFormat | undefined): JsonValue | undefined {
  if (format?.type === 'json_object') return { answer: 'sandbox' };
  return format?.type === 'json_schema' ? jsonSchemaInstance(format.schema ?? { type: 'object' }) : undefined;
}

function spoken(
  reasoning: string,
  text: string,
  prompt: Prompt,
  lengthTokens: number | undefined,
): SandboxAnswer {
  const stops = prompt.stop.filter((stop) => stop !== '');
  const whole = (): Iterable<string> =>
    lengthTokens === undefined ? tokensOf(text) : cycle(text, lengthTokens);
  if (stops.length === 0) return { reasoning, call: undefined, tokens: whole };
  const cut = beforeStop(lengthTokens === undefined ? text : [...whole()].join(''), stops);
  return { reasoning, call: undefined, tokens: () => tokensOf(cut) };
}

/** Exactly `lengthTokens` tokens: the text, repeated. */
function* cycle(text: string, lengthTokens: number): Generator<string, void, undefined> {
  const base = countTokens(text) === 0 ? ' sandbox' : text;
  for (let left = lengthTokens; left > 0;) {
    for (const token of tokensOf(base)) {
      if (left === 0) return;
      left -= 1;
      yield token;
    }
  }
}

function beforeStop(text: string, stops: readonly string[]): string {
  const found = stops.map((stop) => text.indexOf(stop)).filter((position) => position !== -1);
  return text.slice(0, Math.min(text.length, ...found));
}
