import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { chooseTool, type SandboxCall } from './choose-tool.js';
import { lastUserText, listOf, toolOutputs } from './conversation.js';
import { jsonSchemaInstance } from './json-schema-instance.js';
import { countTokens, tokensOf } from './sandbox-tokens.js';

/** What one choice says, before limits. */
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
  chat: JsonObject,
  lengthTokens: number | undefined,
): SandboxAnswer {
  if (upstreamModel.split('/').at(-1) === 'echo') return spoken('', lastUserText(chat), chat, lengthTokens);
  const effort = chat.reasoning_effort ?? 'none';
  const reasoning = effort === 'none' ? '' : REASONING;
  const outputs = toolOutputs(chat);
  const call = outputs.length === 0 ? chooseTool(chat) : undefined;
  if (call) return { reasoning, call, tokens: () => tokensOf(call.arguments) };
  const document = documentOf(chat.response_format);
  if (document !== undefined) return spoken(reasoning, JSON.stringify(document), chat, undefined);
  return spoken(reasoning, sentence(chat, outputs), chat, lengthTokens);
}

function sentence(chat: JsonObject, outputs: readonly string[]): string {
  if (outputs.length > 0) return `The tools answered: ${outputs.join('; ')}`;
  const asked = lastUserText(chat);
  const quoted = asked.length > QUOTED_UNITS ? `${asked.slice(0, QUOTED_UNITS).trimEnd()}…` : asked;
  return `This is the sandbox assistant. You wrote: ${quoted}`;
}

function documentOf(format: JsonValue | undefined): JsonValue | undefined {
  if (!isJsonObject(format)) return undefined;
  if (format.type === 'json_object') return { answer: 'sandbox' };
  if (format.type !== 'json_schema' || !isJsonObject(format.json_schema)) return undefined;
  return jsonSchemaInstance(format.json_schema.schema ?? { type: 'object' });
}

function spoken(
  reasoning: string,
  text: string,
  chat: JsonObject,
  lengthTokens: number | undefined,
): SandboxAnswer {
  const stops = (typeof chat.stop === 'string' ? [chat.stop] : listOf(chat.stop)).filter(
    (stop): stop is string => typeof stop === 'string' && stop !== '',
  );
  const whole = (): Iterable<string> =>
    lengthTokens === undefined ? tokensOf(text) : cycle(text, lengthTokens);
  if (stops.length === 0) return { reasoning, call: undefined, tokens: whole };
  const cut = beforeStop(lengthTokens === undefined ? text : [...whole()].join(''), stops);
  return { reasoning, call: undefined, tokens: () => tokensOf(cut) };
}

/** Exactly so many tokens: the text over and over. */
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
