import { expect, it } from '@jest/globals';
import { readWhole } from '../../../src/providers/http/read-body.js';
import { AnswerReader } from '../../../src/providers/text/answer/answer-reader.js';
import { heldBytes } from '../../support/held-bytes.js';

const PIECES = 500_000;
const MOST_HELD = 8 * PIECES;

/** Whatever pieces an upstream sends it in. */
it('a whole answer is held in memory as its bytes', async () => {
  const before = heldBytes();
  let left = PIECES;
  let held = 0;
  const body = await readWhole({
    head: () => Promise.reject(new Error('nobody asks for it')),
    read: () => {
      if (left === 1) held = heldBytes() - before;
      left -= 1;
      return Promise.resolve(left < 0 ? undefined : [Buffer.from('x')]);
    },
    close: () => undefined,
  });
  expect(body.toString()).toBe('x'.repeat(PIECES));
  expect(held).toBeLessThan(MOST_HELD);
});

it('so is a JSON answer to a request for a stream', () => {
  const reader = new AnswerReader(undefined as never, 1_000);
  const before = heldBytes();
  reader.accept([Buffer.from('{')]);
  for (let piece = 0; piece < PIECES; piece += 1) reader.accept([Buffer.from(' ')]);
  expect(heldBytes() - before).toBeLessThan(MOST_HELD);
});
