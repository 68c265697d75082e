import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readMessage } from '../../src/text/chat-wire/read-message.js';
import { reasoningDetail } from '../../src/chat/domain/reasoning-detail.js';
import { withoutSignatures } from '../../src/text/chat-wire/reasoning-details.js';
import { ownSignature, scopedSignature } from '../../src/text/signature.js';

const scope = fc.stringMatching(/^[A-Za-z0-9._-]{1,12}$/);

describe('a signature', () => {
  it('goes back to its own scope, byte for byte, and to no other', () => {
    fc.assert(
      fc.property(scope, scope, fc.string(), (one, other, payload) => {
        const signature = scopedSignature(one, payload);
        expect(ownSignature(one, signature)).toBe(payload);
        if (one !== other) expect(ownSignature(other, signature)).toBeUndefined();
      }),
    );
  });

  it('is no scope’s when a client made it up', () => {
    expect(ownSignature('anthropic', 'EqQBCkYI')).toBeUndefined();
    expect(ownSignature('a', scopedSignature('a.b', 'x'))).toBeUndefined();
  });
});

describe('reasoning details of a chat message', () => {
  const ours = [
    reasoningDetail({ text: 'first thought', signature: scopedSignature('one', 'S1') }, 0),
    reasoningDetail({ text: '', signature: scopedSignature('two', 'S2') }, 1),
  ];
  const theirs = { type: 'reasoning.encrypted', data: 'opaque', id: 'r1' };

  it('become signed reasoning, in place of the text that repeats them', () => {
    const { parts } = readMessage({
      role: 'assistant',
      content: 'Hello',
      reasoning_content: 'first thought',
      reasoning_details: ours,
    });
    expect(parts).toMatchObject([
      { type: 'reasoning', text: 'first thought', signature: scopedSignature('one', 'S1') },
      { type: 'reasoning', text: '', signature: scopedSignature('two', 'S2') },
      { type: 'text', text: 'Hello' },
    ]);
  });

  it('of a service stay as they are, without ours', () => {
    const message = { role: 'assistant', content: '', reasoning_details: [...ours, theirs] };
    expect(withoutSignatures(message)).toEqual({ ...message, reasoning_details: [theirs] });
    expect(withoutSignatures({ ...message, reasoning_details: ours })).toEqual({
      role: 'assistant',
      content: '',
    });
    const untouched = { ...message, reasoning_details: [theirs] };
    expect(withoutSignatures(untouched)).toBe(untouched);
  });
});
