import { calling, output, reasoned } from '../../support/chat-turns.js';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/base/json.js';
import { bodyOf } from './request-fixture.js';

const id = fc.constantFrom('a', 'b', 'Bash:0', '');
const words = fc.constantFrom('', ' ', 'x', 'y\n');
const signature = fc.constantFrom(
  'cmp1.scripted.tabc',
  'cmp1.scripted.rabc',
  'cmp1.other.tabc',
  'cmp1.scripted.x',
  'mine',
);

const message: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.record({ role: fc.constantFrom('system', 'developer', 'user', 'assistant'), content: words }),
  fc.array(id, { minLength: 1, maxLength: 3 }).map((ids) => calling(...ids)),
  fc.tuple(id, words).map(([of, said]) => output(of, said)),
  fc.tuple(words, signature, fc.array(id, { maxLength: 2 }), words).map(([thought, signed, ids, said]) => ({
    ...calling(...ids),
    content: said,
    ...reasoned(thought, signed),
  })),
);

interface Block extends JsonObject {
  readonly type: string;
}
interface Turn {
  readonly role: string;
  readonly content: readonly Block[];
}

function idsIn({ content }: Turn, type: 'tool_use' | 'tool_result'): readonly unknown[] {
  return content.filter((block) => block.type === type).map((block) => block['id'] ?? block['tool_use_id']);
}

describe('whatever a conversation is like', () => {
  it('its turns are in the order that the wire demands', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 12 }), (messages) => {
        const turns = bodyOf({ messages })['messages'] as unknown as readonly Turn[];
        turns.forEach((turn, index) => {
          expect(turn.role).toBe(index % 2 === 0 ? 'user' : 'assistant');
          expect(turn.content).not.toHaveLength(0);
          for (const block of turn.content) if (block.type === 'text') expect(block['text']).toMatch(/\S/);
          if (turn.role === 'user') return;
          const next = turns[index + 1];
          const called = idsIn(turn, 'tool_use');
          expect(new Set(called).size).toBe(called.length);
          for (const each of called) expect(each).toMatch(/^[a-zA-Z0-9_-]+$/);
          expect([...(next ? idsIn(next, 'tool_result') : [])].sort()).toEqual([...called].sort());
          expect(turn.content.at(-1)?.type).not.toMatch(/thinking/);
        });
        for (const { content } of turns.filter(({ role }) => role === 'user')) {
          const results = content.filter(({ type }) => type === 'tool_result').length;
          expect(content.slice(0, results).every(({ type }) => type === 'tool_result')).toBe(true);
        }
        expect(idsIn(turns[0] ?? { role: '', content: [] }, 'tool_result')).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('what went up once goes up again with the next turn, letter by letter', () => {
    const round = fc.tuple(id, words).map(([of, said]) => [calling(of), output(of, said)]);
    fc.assert(
      fc.property(fc.array(round, { minLength: 1, maxLength: 5 }), (rounds) => {
        const [first, ...rest] = rounds.map((_, index) =>
          JSON.stringify(
            bodyOf({ messages: [{ role: 'user', content: 'x' }, ...rounds.slice(0, index + 1).flat()] })[
              'messages'
            ],
          ),
        );
        let before = first ?? '';
        for (const longer of rest) {
          expect(longer.startsWith(before.slice(0, -1))).toBe(true);
          before = longer;
        }
      }),
    );
  });
});
