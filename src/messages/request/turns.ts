import type { JsonObject, JsonValue } from '../../base/json.js';
import { objectsIn, textIn } from '../../base/json-fields.js';

/** What one side said without the other: neighbouring messages of one role are one turn. */
export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly blocks: readonly JsonObject[];
  /** Position of its first message, for errors. */
  readonly index: number;
}

/** Content as blocks; a plain string is one block of text. */
export function blocksOf(content: JsonValue | undefined): readonly JsonObject[] {
  const text = textIn(content);
  return text === undefined ? objectsIn(content) : [{ type: 'text', text }];
}

/** A system message may stand anywhere. It says something to the assistant, so it belongs to the user's turn. */
export function turnsOf(body: JsonObject): readonly Turn[] {
  const turns: { role: Turn['role']; blocks: JsonObject[]; index: number }[] = [];
  objectsIn(body['messages']).forEach(({ role: said, content }, index) => {
    const role = said === 'assistant' ? 'assistant' : 'user';
    const last = turns.at(-1);
    if (last?.role === role) last.blocks.push(...blocksOf(content));
    else turns.push({ role, blocks: [...blocksOf(content)], index });
  });
  return turns;
}
