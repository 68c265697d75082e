import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from '../../src/base/json.js';
import { LocalResponses } from '../../src/responses/socket/local-responses.js';

const item = (text: string): JsonObject => ({ text });
const BYTES_OF_ONE = JSON.stringify(item('0123456789')).length;

describe('responses that live on a connection', () => {
  it('are recalled with their history, until they are forgotten', () => {
    const local = new LocalResponses(1_000);
    const history = [item('one'), item('two')];
    local.remember('resp_1', { history, asked: 1 });
    expect(local.recall('resp_1')).toMatchObject({ history, asked: 1 });
    local.forget('resp_1');
    local.forget('resp_1');
    local.forget(undefined);
    expect(local.recall('resp_1')).toBeUndefined();
    expect(local.recall(undefined)).toBeUndefined();
  });

  it('are the newest that fit, each with its whole history', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 40 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 40 }),
        (fitting, sizes) => {
          const shared = Array.from({ length: 20 }, () => item('0123456789'));
          const local = new LocalResponses(fitting * BYTES_OF_ONE);
          sizes.forEach((size, number) =>
            local.remember(`resp_${number}`, { history: shared.slice(0, size), asked: 0 }),
          );
          let [count, total] = [0, 0];
          for (const size of [...sizes].reverse()) {
            if (count === 16 || total + size > fitting) break;
            [count, total] = [count + 1, total + size];
          }
          const kept = sizes.map((_, number) => local.recall(`resp_${number}`) !== undefined);
          expect(kept).toEqual(sizes.map((_, number) => number >= sizes.length - count));
        },
      ),
    );
  });
});
