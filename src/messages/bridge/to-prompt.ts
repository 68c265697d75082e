import type { GatewayError } from '../../base/errors/gateway-error.js';
import type { JsonObject } from '../../base/json.js';
import { objectIn, objectsIn, textIn } from '../../base/json-fields.js';
import { markedExtra, withoutCacheMarks } from '../../text/cache-mark.js';
import type { AnswerFormat, InstructionMessage, Prompt, Sampling, TextPart } from '../../text/prompt.js';
import { isUsual, unsupported } from '../request/refuse-unsupported.js';
import { blocksOf } from '../request/turns.js';
import { remoteDocument } from './read-content.js';
import { effortOf } from './read-effort.js';
import { readTools } from './read-tools.js';
import { readTurns } from './read-turns.js';
import type { ToolNames } from './tool-names.js';

/** Differs with each conversation: any other upstream's prompt cache would never be shared. */
const BILLING_HEADER = 'x-anthropic-billing-header:';
const MOST_STOPS = 4;

export interface BridgedRequest {
  readonly prompt: Prompt;
  /** Types of tools that only Anthropic has. */
  readonly leftOut: readonly string[];
  /** Why only Anthropic's own wire can carry the request. */
  readonly refusal: GatewayError | undefined;
}

/**
 * A Messages body as every upstream takes it.
 * @param keepsMarks whether an upstream takes marks of the prompt cache
 * @throws GatewayError unsupported_parameter, invalid_value
 */
export function toPrompt(body: JsonObject, names: ToolNames, keepsMarks = false): BridgedRequest {
  refusePriced(body);
  const { messages, referred } = readTurns(body, names);
  const { tools, choice, parallel, leftOut, refusal: demanded } = readTools(body, referred, names);
  const prompt: Prompt = {
    messages: [...instructions(body), ...messages],
    tools,
    toolChoice: choice,
    parallelToolCalls: parallel,
    choices: 1,
    stop: textsIn(body['stop_sequences']),
    sampling: samplingOf(body),
    format: formatOf(body),
    reasoningEffort: effortOf(body),
    serviceTier: isUsual(body['service_tier'], USUAL_TIERS) ? undefined : textIn(body['service_tier']),
    ...extraOf(body),
    hints: { user: textIn(objectIn(body['metadata'])['user_id']) },
  };
  return {
    prompt: keepsMarks ? prompt : withoutCacheMarks(prompt),
    leftOut,
    refusal: remoteDocument(body) ?? demanded ?? tooManyStops(body),
  };
}

/** Goes up to providers that pass it on, or take marks. */
function extraOf(body: JsonObject): Pick<Prompt, 'extra'> {
  const topK = typeof body['top_k'] === 'number' ? { top_k: body['top_k'] } : undefined;
  const { extra } = markedExtra(body);
  return topK || extra ? { extra: { ...topK, ...extra } } : {};
}

const USUAL_TIERS = ['auto', 'standard', 'standard_only'];

/** What changes the price, which no entry has. */
function refusePriced(body: JsonObject): void {
  if (!isUsual(body['speed'], ['standard'])) throw unsupported('speed', 'This model has one speed.');
  if (!isUsual(body['inference_geo'], []))
    throw unsupported('inference_geo', 'This model runs where it runs.');
}

function tooManyStops(body: JsonObject): GatewayError | undefined {
  if (textsIn(body['stop_sequences']).length <= MOST_STOPS) return undefined;
  return unsupported('stop_sequences', `This model takes at most ${MOST_STOPS}.`);
}

function instructions(body: JsonObject): readonly InstructionMessage[] {
  const parts: readonly TextPart[] = blocksOf(body['system'])
    .map((block) => ({ type: 'text' as const, text: textIn(block['text']) ?? '', ...markedExtra(block) }))
    .filter(({ text }, index) => text !== '' && !(index === 0 && text.startsWith(BILLING_HEADER)));
  if (parts.length === 0) return [];
  if (parts.some(({ extra }) => extra !== undefined)) return [{ role: 'system', parts }];
  return [{ role: 'system', parts: [{ type: 'text', text: parts.map(({ text }) => text).join('\n\n') }] }];
}

function samplingOf({ temperature, top_p: topP }: JsonObject): Sampling {
  return {
    ...(typeof temperature === 'number' && { temperature }),
    ...(typeof topP === 'number' && { topP }),
  };
}

/** `output_format` is the older name. */
function formatOf(body: JsonObject): AnswerFormat | undefined {
  const [format] = objectsIn([
    objectIn(body['output_config'])['format'] ?? null,
    body['output_format'] ?? null,
  ]);
  if (format?.['type'] !== 'json_schema') return undefined;
  return { type: 'json_schema', name: 'answer', schema: objectIn(format['schema']), strict: true };
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? (value as readonly unknown[]).filter((text) => typeof text === 'string') : [];
}
