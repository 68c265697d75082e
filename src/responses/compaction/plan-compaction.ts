import type { ResolvedModel } from '../../catalog/catalog.js';
import { countsMoreThan } from '../../providers/calls/count-input.js';
import type { PrecedingRequest } from '../../providers/calls/text-calls.js';
import { newId } from '../../base/ids.js';
import type { JsonObject } from '../../base/json.js';
import type { ReadContext } from '../context-reader.js';
import type { CompactionPlan } from '../domain/compaction-plan.js';
import { isTrigger, splitForCompaction } from '../domain/compacted.js';
import { objectsIn } from '../../base/json-fields.js';
import type { Prompt, PromptMessage, UserMessage } from '../../text/prompt.js';
import type { ResponsesRequest } from '../responses-request.js';
import { askForSummary } from './compaction-request.js';

/** Longer summaries are cut; reasoning tokens count too. */
export const SUMMARY_TOKENS = 16_384;

/** A plan, and the prompt of its run. */
export interface PlannedCompaction {
  readonly plan: CompactionPlan;
  readonly prompt: Prompt;
}

/** The request that a run sends before its own prompt. */
export function requestBefore(plan: CompactionPlan | undefined): PrecedingRequest | undefined {
  return plan?.answers ? { prompt: plan.ask, outputCapTokens: SUMMARY_TOKENS } : undefined;
}

/** Plans the compaction that a request wants before its answer. */
export async function planCompaction(
  request: ResponsesRequest,
  resolved: ResolvedModel,
  { prompt, context, bridge }: ReadContext,
): Promise<PlannedCompaction | undefined> {
  const itemId = newId('cmp');
  const last = request.input.at(-1);
  if (last && isTrigger(last)) {
    const ask = askForSummary(prompt);
    return { plan: { itemId, ask, tail: [], answers: false }, prompt: ask };
  }
  const threshold = thresholdIn(request.body);
  const parts = threshold === undefined ? undefined : splitForCompaction(context);
  if (threshold === undefined || !parts || !(await countsMoreThan(threshold, resolved, prompt)))
    return undefined;
  const { covered, lasting, tail } = parts;
  const summary = { type: 'message', role: 'user', content: itemId };
  return {
    plan: { itemId, ask: askForSummary(bridge(covered).prompt), tail, answers: true },
    prompt: bridge([...lasting, summary, ...tail]).prompt,
  };
}

/** The run's prompt with the summary in its place. */
export function withSummary(prompt: Prompt, itemId: string, summary: string): Prompt {
  const said = (message: PromptMessage): PromptMessage =>
    message.role === 'user' && isAlone(message.parts, itemId)
      ? { ...message, parts: [{ type: 'text', text: summary }] }
      : message;
  return { ...prompt, messages: prompt.messages.map(said) };
}

function isAlone([part, ...others]: UserMessage['parts'], text: string): boolean {
  return others.length === 0 && part?.type === 'text' && part.text === text;
}

/** The last threshold in the request counts. */
function thresholdIn({ context_management: edits }: JsonObject): number | undefined {
  const threshold = objectsIn(edits).findLast(({ type }) => type === 'compaction')?.['compact_threshold'];
  return typeof threshold === 'number' ? threshold : undefined;
}
