import { describe, expect, it } from '@jest/globals';
import { countedOnce } from '../../src/payments/counted-once.js';
import type { HoldGrant, HoldRefusal, RefusalReason } from '../../src/payments/ledger.js';

const refusal = (reason: RefusalReason): HoldRefusal => ({
  reason,
  required: 1n,
  remaining: 0n,
  retryAfterMs: undefined,
});
const grant: HoldGrant = {
  keyId: 'key_1',
  accountId: 'acme',
  chainId: null,
  amount: 1n,
  budget: { limit: null, spent: 0n, held: 1n },
};

describe('a hold that is asked for again', () => {
  it.each<[string, boolean, readonly (HoldRefusal | HoldGrant)[], readonly boolean[]]>([
    ['with its first attempt', false, [refusal('budget_held'), grant], [false, true]],
    ['with the first that the rate lets through', false, [refusal('rate_limited'), grant], [false, false]],
    ['not at all, where its key was looked up', true, [refusal('budget_held'), grant], [true, true]],
  ])('is counted %s', async (_name, counted, answers, expected) => {
    const asked: (boolean | undefined)[] = [];
    const attempt = countedOnce<{ counted?: boolean }>({ counted }, (request) => {
      asked.push(request.counted);
      return Promise.resolve(answers[asked.length - 1]!);
    });
    for (const answer of answers) expect(await attempt()).toBe(answer);
    expect(asked).toEqual(expected);
  });
});
