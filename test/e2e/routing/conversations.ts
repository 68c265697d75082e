import type { JsonObject } from '../../../src/base/json.js';

/** How many conversations there are, each of `TURNS` turns. */
export const CONVERSATIONS = Number(process.env['CONVERSATIONS'] ?? 40);
export const TURNS = Number(process.env['TURNS'] ?? 6);
/** Conversations that are under way at the same time. */
const AT_ONCE = 10;

/** Half of all agents share their instructions; what they are asked is their own. */
const SHARED = 'You are a careful assistant. '.repeat(30);

export type Ask = (conversation: number, turn: number, messages: readonly JsonObject[]) => Promise<string>;

/** All conversations, turn by turn, so that the turns of each lie between those of all others. */
export async function converse(ask: Ask, conversations = CONVERSATIONS): Promise<void> {
  const histories = Array.from({ length: conversations }, (_, conversation): JsonObject[] => [
    { role: 'system', content: conversation % 2 === 0 ? SHARED : `${SHARED} Agent ${conversation}.` },
  ]);
  for (let turn = 0; turn < TURNS; turn += 1) {
    const left = [...histories.entries()];
    const work = async (): Promise<void> => {
      for (let next = left.shift(); next; next = left.shift()) {
        const [conversation, messages] = next;
        messages.push({ role: 'user', content: questionOf(conversation, turn) });
        messages.push({ role: 'assistant', content: await ask(conversation, turn, messages) });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }
}

function questionOf(conversation: number, turn: number): string {
  return `Question ${turn} of conversation ${conversation}: ${'what else is there to say? '.repeat(12)}`;
}
