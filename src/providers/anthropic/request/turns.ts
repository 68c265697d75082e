import type { ToolResultBlockParam } from '@anthropic-ai/sdk/resources/messages';
import { outputOf } from '../../../text/chat-wire/write-message.js';
import type { Block, Turn } from '../messages-wire.js';
import { isThinking } from './thinking-blocks.js';

/** The wire wants the user to begin. */
const BEGINNING = 'The conversation begins with your message.';

/** Turns of user and assistant; what one of them says in a row is one turn. */
export class Turns {
  readonly all: Turn[] = [];

  add(role: Turn['role'], blocks: readonly Block[]): void {
    if (blocks.length === 0) return;
    const last = this.all.at(-1);
    if (last?.role === role) for (const block of blocks) last.content.push(block);
    else this.all.push({ role, content: [...blocks] });
  }
}

/**
 * The turns in the order that the wire demands: results first in the turn behind their calls, no call without its
 * result, no result without its call (its content stays, as text), no thinking at the end of a turn, and the user
 * first.
 */
export function orderedTurns(turns: readonly Turn[]): Turn[] {
  const ordered = new Turns();
  turns.forEach((turn, index) => {
    if (turn.role === 'assistant') ordered.add('assistant', answeredCalls(turn, turns[index + 1]));
    else ordered.add('user', resultsFirst(turn, turns[index - 1]));
  });
  const { all } = ordered;
  if (all[0]?.role === 'assistant')
    all.unshift({ role: 'user', content: [{ type: 'text', text: BEGINNING }] });
  trimEnd(all.at(-1));
  return all;
}

function answeredCalls({ content }: Turn, next: Turn | undefined): readonly Block[] {
  const answered = new Set(next?.content.map((block) => (isResult(block) ? block.tool_use_id : undefined)));
  const kept = content.filter((block) => block.type !== 'tool_use' || answered.has(block.id));
  const end = kept.findLastIndex((block) => !isThinking(block));
  return kept.slice(0, end + 1);
}

function resultsFirst({ content }: Turn, before: Turn | undefined): readonly Block[] {
  if (!content.some(isResult)) return content;
  const open = new Set(before?.content.map((block) => (block.type === 'tool_use' ? block.id : undefined)));
  const results: Block[] = [];
  const others: Block[] = [];
  for (const block of content) {
    if (!isResult(block)) others.push(block);
    else if (open.delete(block.tool_use_id)) results.push(block);
    else others.push(...asText(block));
  }
  return [...results, ...others];
}

function asText({ tool_use_id: id, content = [] }: ToolResultBlockParam): readonly Block[] {
  const blocks = typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content;
  return [{ type: 'text', text: outputOf(id) }, ...(blocks as readonly Block[])];
}

function isResult(block: Block): block is ToolResultBlockParam {
  return block.type === 'tool_result';
}

/** An answer that is to be continued must not end in blanks. */
function trimEnd(turn: Turn | undefined): void {
  const last = turn?.content.at(-1);
  if (!turn || turn.role !== 'assistant' || last?.type !== 'text') return;
  turn.content[turn.content.length - 1] = { ...last, text: last.text.trimEnd() };
}

/**
 * The assistant's turn with which the loop of calls at hand began, or which is to be continued; undefined where the user
 * asks something new.
 */
export function beginningOf<T extends Turn>(turns: readonly T[]): T | undefined {
  let last = turns.length - 1;
  if (turns[last]?.role !== 'user') return turns[last];
  while (turns[last]?.content.some(isResult)) last -= 2;
  return turns[last + 1];
}

/**
 * Whether thinking may be on: the last turn is the user's, and if it brings results, the loop of calls that they belong
 * to was begun with a thinking block.
 */
export function allowsThinking(turns: readonly Turn[]): boolean {
  return turns.at(-1)?.role === 'user' && beginsWithThinking(beginningOf(turns));
}

/** Also of a turn that is not there. */
export function beginsWithThinking(turn: Turn | undefined): boolean {
  const [begun] = turn?.content ?? [];
  return begun === undefined || isThinking(begun);
}
