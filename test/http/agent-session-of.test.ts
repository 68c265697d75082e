import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { agentSessionOf } from '../../src/http/agent-session-of.js';

describe('the session of an agent', () => {
  it.each([
    [{ 'x-claude-code-session-id': 'a-1' }, { sessionId: 'a-1' }],
    [{ 'session-id': 'b' }, { sessionId: 'b' }],
    [{ session_id: 'c' }, { sessionId: 'c' }],
    [{ 'session-id': 'b', 'x-claude-code-session-id': 'a' }, { sessionId: 'a' }],
    [{ 'session-id': 'b', 'x-claude-code-session-id': 'not an id' }, { sessionId: 'b' }],
    [
      {
        'x-claude-code-session-id': 'a',
        'x-claude-code-agent-id': 'd',
        'x-claude-code-parent-agent-id': 'e',
      },
      { sessionId: 'a', id: 'd', parentId: 'e' },
    ],
    [{ 'x-claude-code-agent-id': 'd' }, { id: 'd' }],
  ])('is read of %j', (headers, session) => {
    expect(agentSessionOf(headers)).toEqual(session);
  });

  it.each(['', 'two, of them', 'a"b', 'ü', `${'long'.repeat(32)}!`, '\u0000'])('is not %j', (value) => {
    expect(agentSessionOf({ 'x-claude-code-session-id': value })).toBeUndefined();
  });

  it('is what was sent, or nothing', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 140, unit: 'binary' }), (value) => {
        const read = agentSessionOf({ session_id: value })?.sessionId;
        if (read === undefined) return /[^\w.:@/+=-]/.test(value) || value === '' || value.length > 128;
        return read === value && JSON.stringify(read) === `"${value}"`;
      }),
    );
  });
});
