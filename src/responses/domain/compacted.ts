import type { JsonObject } from '../../base/json.js';
import { textIn } from '../../base/json-fields.js';
import { isCall, isOutput } from './pair-calls.js';

const DECLARATIONS = new Set(['additional_tools', 'tool_search_output', 'configuration_update']);

/** What a compaction item stands for. */
export interface OpenedCompaction {
  /** The items that the model is shown in its place. */
  readonly items: readonly JsonObject[];
  /** True: stands for everything before it, whoever sends it. False: stands for the items that its sender left out. */
  readonly isWhole: boolean;
}

/** The item that asks for a compaction of the conversation when it is the last one of a request's input. */
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

/** An item that applies from its position on and is not dialogue: tools, also those from searches, and settings. */
export function isDeclaration({ type }: JsonObject): boolean {
  return DECLARATIONS.has(textIn(type) ?? '');
}

/**
 * The context from the last compaction that stands for everything before it. Such a compaction says so, or it comes
 * directly after its trigger, and so was made there. Instructions and declarations of tools stay: they are no
 * conversation.
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

/** Replaces compactions by the items that they stand for. */
export function withoutCompactions(
  context: readonly JsonObject[],
  opened: ReadonlyMap<JsonObject, OpenedCompaction>,
): readonly JsonObject[] {
  return context.flatMap((item) => opened.get(item)?.items ?? [item]);
}

export interface CompactableContext {
  readonly covered: readonly JsonObject[];
  /** Items that stay, wherever they are: instructions and declarations. */
  readonly lasting: readonly JsonObject[];
  /** The newest messages of the user, which have no answer yet: they stay word for word. */
  readonly tail: readonly JsonObject[];
}

/** @returns undefined when all items would stay */
export function splitForCompaction(context: readonly JsonObject[]): CompactableContext | undefined {
  const end = context.findLastIndex(followsQuestion) + 1;
  const covered = context.slice(0, end);
  if (!covered.some(isSaidByModel)) return undefined;
  return { covered, lasting: context.filter(isLasting), tail: context.slice(end).filter(isOfUser) };
}

/** Whether an item follows a question. Instructions and settings do not; a search result does, as part of its call. */
function followsQuestion(item: JsonObject): boolean {
  return !isOfUser(item) && (!isLasting(item) || isOutput(item));
}

function isSaidByModel(item: JsonObject): boolean {
  return (item['type'] === 'message' && item['role'] === 'assistant') || isCall(item) || isOutput(item);
}

function isLasting(item: JsonObject): boolean {
  return isInstruction(item) || isDeclaration(item);
}
