import type { ResolvedModel } from '../../catalog/catalog.js';
import { countsMoreThan } from '../../generation/count-input.js';
import type { PrecedingRequest } from '../../generation/text-calls.js';
import { newId } from '../../base/ids.js';
import type { JsonObject } from '../../base/json.js';
import type { ReadContext } from '../context-reader.js';
import type { CompactionPlan } from '../domain/compaction-plan.js';
import { isTrigger, splitForCompaction } from '../domain/compacted.js';
import { objectsIn } from '../domain/fields.js';
import type { ResponsesRequest } from '../responses-request.js';
import { askForSummary } from './compaction-request.js';

/** Longer summaries are cut; reasoning counts. */
export const SUMMARY_TOKENS = 16_384;

/** A plan, and the chat of the run that it is for. */
export interface PlannedCompaction {
  readonly plan: CompactionPlan;
  readonly chat: JsonObject;
}

/** What a run asks its model before its own chat. */
export function requestBefore(plan: CompactionPlan | undefined): PrecedingRequest | undefined {
  return plan?.answers ? { chat: plan.ask, outputCapTokens: SUMMARY_TOKENS } : undefined;
}

/** What a request wants compacted before it is answered. */
export async function planCompaction(
  request: ResponsesRequest,
  resolved: ResolvedModel,
  { chat, context, bridge }: ReadContext,
): Promise<PlannedCompaction | undefined> {
  const itemId = newId('cmp');
  const last = request.input.at(-1);
  if (last && isTrigger(last)) {
    const ask = askForSummary(chat);
    return { plan: { itemId, ask, tail: [], answers: false }, chat: ask };
  }
  const threshold = thresholdIn(request.body);
  const parts = threshold === undefined ? undefined : splitForCompaction(context);
  if (threshold === undefined || !parts || !(await countsMoreThan(threshold, resolved, chat)))
    return undefined;
  const { covered, lasting, tail } = parts;
  const summary = { type: 'message', role: 'user', content: itemId };
  return {
    plan: { itemId, ask: askForSummary(bridge(covered).chat), tail, answers: true },
    chat: bridge([...lasting, summary, ...tail]).chat,
  };
}

/** The run's chat with the summary in its place. */
export function withSummary(chat: JsonObject, itemId: string, summary: string): JsonObject {
  const messages = objectsIn(chat['messages']);
  return {
    ...chat,
    messages: messages.map((message) =>
      message['content'] === itemId ? { ...message, content: summary } : message,
    ),
  };
}

/** The last one that is said counts. */
function thresholdIn({ context_management: edits }: JsonObject): number | undefined {
  const threshold = objectsIn(edits).findLast(({ type }) => type === 'compaction')?.['compact_threshold'];
  return typeof threshold === 'number' ? threshold : undefined;
}
