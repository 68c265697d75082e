import type { JsonObject } from '../../base/json.js';
import { textIn } from './fields.js';
import { isCall, isOutput } from './pair-calls.js';

const DECLARATIONS = new Set(['additional_tools', 'tool_search_output', 'configuration_update']);

/** What a compaction item stands for. */
export interface OpenedCompaction {
  /** What the model is shown in its place. */
  readonly items: readonly JsonObject[];
  /** It stands for everything before it, whoever sends it; else for what its sender has left out. */
  readonly isWhole: boolean;
}

/** The one item in which a conversation is compacted when it stands at the end of a request's input. */
export function isTrigger({ type }: JsonObject): boolean {
  return type === 'compaction_trigger';
}

export function isCompaction({ type }: JsonObject): boolean {
  return type === 'compaction';
}

export function isOfUser({ type, role }: JsonObject): boolean {
  return type === 'message' && role === 'user';
}

export function isInstruction({ type, role }: JsonObject): boolean {
  return type === 'message' && (role === 'system' || role === 'developer');
}

/** What holds from where it stands on, and is no part of what was said: tools, those that a search has loaded too, and settings. */
export function isDeclaration({ type }: JsonObject): boolean {
  return DECLARATIONS.has(textIn(type) ?? '');
}

/**
 * The context from the last compaction on that stands for everything before it: one that says so, or one that was made
 * where it stands, which is behind its trigger. Instructions and declarations of tools stay: they are no conversation.
 */
export function fromLastCompaction(
  context: readonly JsonObject[],
  opened: ReadonlyMap<JsonObject, OpenedCompaction>,
): readonly JsonObject[] {
  const start = context.findLastIndex((item, index) => {
    const before = context[index - 1];
    return (
      opened.get(item)?.isWhole === true || (isCompaction(item) && before !== undefined && isTrigger(before))
    );
  });
  if (start <= 0) return context;
  return [...context.slice(0, start).filter(isLasting), ...context.slice(start)];
}

/** Compactions replaced by what they stand for. */
export function withoutCompactions(
  context: readonly JsonObject[],
  opened: ReadonlyMap<JsonObject, OpenedCompaction>,
): readonly JsonObject[] {
  return context.flatMap((item) => opened.get(item)?.items ?? [item]);
}

export interface CompactableContext {
  readonly covered: readonly JsonObject[];
  /** What stays all the same, wherever it stands. */
  readonly lasting: readonly JsonObject[];
  /** The newest messages of the user, which nobody has answered: they stay word for word. */
  readonly tail: readonly JsonObject[];
}

/** @returns undefined where there is nothing but what would stay */
export function splitForCompaction(context: readonly JsonObject[]): CompactableContext | undefined {
  const end = context.findLastIndex(followsQuestion) + 1;
  const covered = context.slice(0, end);
  if (!covered.some(isSaidByModel)) return undefined;
  return { covered, lasting: context.filter(isLasting), tail: context.slice(end).filter(isOfUser) };
}

/** Says something after what was asked. Instructions and settings do not; but what a search found belongs to its call. */
function followsQuestion(item: JsonObject): boolean {
  return !isOfUser(item) && (!isLasting(item) || isOutput(item));
}

function isSaidByModel(item: JsonObject): boolean {
  return (item['type'] === 'message' && item['role'] === 'assistant') || isCall(item) || isOutput(item);
}

function isLasting(item: JsonObject): boolean {
  return isInstruction(item) || isDeclaration(item);
}
