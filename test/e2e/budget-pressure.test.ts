import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../support/books.js';
import { nextStalls } from '../support/chat-scripts.js';
import { chatUsage } from '../support/chat-wire.js';
import { fileFor, type CreatedKey, type TestGateway } from '../support/gateway.js';
import { overruns } from '../support/ledger-state.js';
import { ReplicaPair, tally } from '../support/replica-pair.js';
import {
  completion,
  startScriptedUpstream,
  type Exchange,
  type ScriptedUpstream,
} from '../support/scripted-upstream.js';
import { FOREGROUND, send, type Way } from './charging/ways.js';

/** One atomic unit a token, in and out; with the fee of 1 %, ten and five of them cost 16. */
const USED = chatUsage(10, 5);
const COST = 16;
const HOLD = 75;

/** Calls that hold 75. What they need at least is their input and 16 output tokens, and the fee. */
const NEEDS_50 = { text: 'x'.repeat(9), cap: 41 };
const NEEDS_51 = { text: 'x'.repeat(10), cap: 40 };

let upstream: ScriptedUpstream;
let pair: ReplicaPair;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  pair = await ReplicaPair.start(
    fileFor(upstream.url, {
      provider: { max_connections: 100 },
      model: { pricing: { input: 1, output: 1 } },
    }),
  );
});
beforeEach(() => upstream.reset());
afterEach(() => expectSoundBooks(pair.database.pool));
afterAll(async () => {
  await pair.close();
  await upstream.close();
});

function ask(
  gateway: TestGateway,
  { key }: CreatedKey,
  way: Way = FOREGROUND[0]!,
  { text, cap } = NEEDS_50,
): Promise<Response> {
  const body = way.api === 'chat' ? { messages: [{ role: 'user', content: text }] } : { input: text };
  return send(way, gateway, key, { cap, body });
}

async function taken({ id }: CreatedKey): Promise<number> {
  const { spent, held } = await pair.first.keyBudget(id);
  return spent + held;
}

interface Running {
  readonly answer: Promise<Response>;
  readonly exchange: Exchange;
}

/** A call that the upstream has and does not answer. */
async function begin(gateway: TestGateway, key: CreatedKey): Promise<Running> {
  const stalled = nextStalls(upstream);
  const answer = ask(gateway, key);
  return { answer, exchange: await stalled };
}

async function finish({ answer, exchange }: Running, usage = USED): Promise<void> {
  await completion('Hi', usage)(exchange);
  expect(await tally([await answer])).toEqual({ '200': 1 });
}

describe('20 calls that hold 75 each, on a limit of 500', () => {
  const boundary = [
    ['and a seventh of 50, where 50 pays for it', NEEDS_50, 7, 500],
    ['and no seventh of 50, where it would need 51', NEEDS_51, 6, 450],
  ] as const;

  it.each(boundary)('are six, %s', async (_, size, admitted, held) => {
    const key = await pair.createKey({ budget_limit: '500' });
    const answers = await pair.together(
      upstream,
      20,
      (replica, index) => ask(replica, key, FOREGROUND[index % FOREGROUND.length], size),
      {
        answer: completion('Hi', USED),
        whenIn: async () => expect(await pair.first.keyBudget(key.id)).toEqual({ spent: 0, held }),
      },
    );
    const lowered = answers.flatMap(({ headers }) => headers.get('x-compose-output-cap') ?? []);
    expect(lowered).toEqual(admitted === 7 ? ['16'] : []);
    const caps = upstream.requests.map(({ body }) => Number(body.max_completion_tokens));
    expect(caps.sort((a, b) => b - a)).toEqual([
      ...Array<number>(6).fill(size.cap),
      ...(admitted === 7 ? [16] : []),
    ]);
    expect(await tally(answers)).toEqual({ '200': admitted, '429 budget_held': 20 - admitted });
    await pair.idle();
    expect(await pair.first.keyBudget(key.id)).toEqual({ spent: admitted * COST, held: 0 });
  });

  it('are all of them, one after the other, as long as what is left pays for one', async () => {
    const key = await pair.createKey({ budget_limit: '500' });
    const statuses: number[] = [];
    upstream.always(completion('Hi', USED));
    for (let index = 0; index < 40; index += 1) {
      const answer = await ask(pair.replicas[index % 2]!, key);
      await answer.text();
      statuses.push(answer.status);
    }
    // The 29th of these calls has 500 - 28 × 16 = 52 left, the next 36.
    expect(new Set(statuses)).toEqual(new Set([200, 402]));
    expect(statuses.lastIndexOf(200)).toBe(28);
    expect(statuses.indexOf(402)).toBe(29);
    expect(await pair.first.keyBudget(key.id)).toEqual({ spent: 29 * COST, held: 0 });
  });
});

describe('a limit that is raised while calls run', () => {
  it('admits more at once on every replica, and not one too many', async () => {
    const key = await pair.createKey({ budget_limit: String(2 * HOLD) });
    const running = [await begin(pair.first, key), await begin(pair.second, key)];
    const refusedByBoth = async (): Promise<void> => {
      const answers = await Promise.all(pair.replicas.map((replica) => ask(replica, key)));
      expect(await tally(answers)).toEqual({ '429 budget_held': 2 });
    };
    await refusedByBoth();
    await pair.change(key.id, { budget_limit: String(2 * HOLD + 49) });
    await refusedByBoth();
    await pair.change(key.id, { budget_limit: String(2 * HOLD + 50) });
    running.push(await begin(pair.second, key));
    expect(await taken(key)).toBe(2 * HOLD + 50);
    await refusedByBoth();
    await pair.change(key.id, { budget_limit: null });
    running.push(await begin(pair.second, key), await begin(pair.first, key));
    expect(await taken(key)).toBe(4 * HOLD + 50);
    for (const one of running) await finish(one);
    expect(await pair.first.keyBudget(key.id)).toEqual({ spent: 5 * COST, held: 0 });
  });
});

describe('a limit that is lowered below what is spent and held', () => {
  it('lets running calls settle and admits nothing; what is taken only becomes less', async () => {
    const key = await pair.createKey({ budget_limit: '500' });
    await finish(await begin(pair.first, key));
    const running: Running[] = [];
    for (let index = 0; index < 4; index += 1) running.push(await begin(pair.replicas[index % 2]!, key));
    let most = await taken(key);
    expect(most).toBe(COST + 4 * HOLD);
    const expectLess = async (): Promise<void> => {
      const now = await taken(key);
      expect(now).toBeLessThanOrEqual(most);
      most = now;
    };
    const expectRefused = async (refusal: string): Promise<void> => {
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) => ask(pair.replicas[index % 2]!, key)),
      );
      expect(await tally(answers)).toEqual({ [refusal]: 10 });
      await expectLess();
    };

    await pair.change(key.id, { budget_limit: '150' });
    await expectRefused('429 budget_held');
    await pair.change(key.id, { budget_limit: String(COST + 49) });
    await expectRefused('402 insufficient_budget');
    await pair.change(key.id, { budget_limit: '150' });

    for (const one of running.slice(0, 3)) {
      await finish(one);
      await expectLess();
    }
    await expectRefused('429 budget_held');
    // It used more than it held; what its hold does not cover is not taken from a budget that has nothing free.
    await pair.change(key.id, { budget_limit: String(4 * COST + HOLD) });
    await finish(running[3]!, chatUsage(100, 50));
    await expectLess();
    expect(await pair.first.keyBudget(key.id)).toEqual({ spent: 4 * COST + HOLD, held: 0 });
    expect(await overruns(pair.database.pool)).toEqual([
      { amount: 152 - HOLD, reason: expect.any(String) as unknown as string },
    ]);
    await expectRefused('402 insufficient_budget');
  });

  it('to nothing lets a call that runs go on, and the key is as good as before when it is raised again', async () => {
    const key = await pair.createKey({ budget_limit: '500' });
    const running = await begin(pair.first, key);
    await pair.change(key.id, { budget_limit: '0' });
    expect(await tally([await ask(pair.second, key)])).toEqual({ '402 insufficient_budget': 1 });
    await finish(running);
    expect(await pair.first.keyBudget(key.id)).toEqual({ spent: COST, held: 0 });
    expect(await tally([await ask(pair.second, key)])).toEqual({ '402 insufficient_budget': 1 });
    await pair.change(key.id, { budget_limit: String(COST + 50) });
    await finish(await begin(pair.second, key));
    expect(await taken(key)).toBe(2 * COST);
  });
});
