import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TestGateway } from '../support/gateway.js';
import { SURFACES } from '../support/responses-client.js';
import { type Api, APIS, talkOver } from '../support/talks/talk-over.js';
import type { Said, Talk, TalkOptions } from '../support/talks/talk.js';
import { Vendors } from '../support/vendors/vendors.js';

/** Conversations that are held at the same time. */
const AT_ONCE = 8;

let vendors: Vendors;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  vendors = await Vendors.start();
  gateway = await TestGateway.start({ file: vendors.file });
  ({ key } = await gateway.createKey({ budget_limit: '1000000000000' }));
});
beforeEach(() => {
  for (const { refusals } of vendors.all) refusals.length = 0;
});
afterAll(async () => {
  await gateway.close();
  await vendors.close();
});

function ordersOf(names: readonly string[]): readonly (readonly string[])[] {
  if (names.length < 2) return [names];
  return names.flatMap((name) =>
    ordersOf(names.filter((other) => other !== name)).map((rest) => [name, ...rest]),
  );
}

class Conversation {
  private readonly options: TalkOptions;
  private readonly talk: Talk;
  private last: Said | undefined;

  constructor(
    readonly api: Api,
    readonly way: Pick<TalkOptions, 'surface' | 'stream'>,
  ) {
    this.options = {
      ...{ url: gateway.url, key, ...way, model: '' },
      ...{ instructions: 'Be brief.', tools: ['look', 'feel'] },
    };
    this.talk = talkOver(api, this.options);
  }

  user(what: string): this {
    this.talk.user(`Please do:${what}.`);
    return this;
  }

  /** Of all calls in the last answer. */
  outputs(what: string): this {
    for (const { id } of this.last?.calls ?? []) this.talk.output(id, `Seen; now do:${what}.`);
    return this;
  }

  async ask(model: string): Promise<Said> {
    this.options.model = model;
    this.last = await this.talk.ask();
    return this.last;
  }
}

/** Six requests: two models go on with the calls of a third, and with those of a fourth goes on the first. */
async function hold(conversation: Conversation, order: readonly string[]): Promise<readonly string[]> {
  const [first = '', second = '', third = '', fourth = '', fifth = ''] = order;
  const said = [
    await conversation.user('two').ask(first),
    await conversation.outputs('one').ask(second),
    await conversation.outputs('one').ask(third),
    await conversation.outputs('say').ask(fourth),
    await conversation.user('two').ask(fifth),
    await conversation.outputs('say').ask(first),
  ];
  return said.map(wordsOf);
}

function wordsOf({ calls, text }: Said): string {
  return calls.length > 0 ? `${calls.length} calls` : text.replace(/\d+/, 'n');
}

async function together(jobs: readonly (() => Promise<void>)[]): Promise<void> {
  const queue = jobs.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const job of queue) await job();
    }),
  );
}

describe('a conversation that changes its model at every turn and in the middle of its loops of calls', () => {
  it.each([
    ['chat', ['chat']],
    ['Responses', ['responses', 'chained responses']],
    ['Messages', ['messages']],
  ] as const)(
    'is refused by none of the vendors, in any order, over %s',
    async (_name, apis) => {
      const orders = ordersOf(vendors.all.map(({ name }) => name));
      expect(orders).toHaveLength(120);
      const wrong: unknown[] = [];
      const jobs = orders.map((order, index) => async () => {
        const api = apis[index % apis.length]!;
        const way = { surface: SURFACES[(index >> 2) % 2]!, stream: index % 3 === 0 };
        const [first, , , fourth] = order;
        const expected = [
          '2 calls',
          '1 calls',
          '1 calls',
          `${fourth} says n.`,
          '2 calls',
          `${first} says n.`,
        ];
        const said = await hold(new Conversation(api, way), order).catch((failure: unknown) => [failure]);
        if (JSON.stringify(said) !== JSON.stringify(expected)) wrong.push({ api, order, way, said });
      });
      await together(jobs);
      expect(vendors.all.flatMap(({ refusals }) => refusals).slice(0, 3)).toEqual([]);
      expect(wrong.slice(0, 3)).toEqual([]);
    },
    300_000,
  );
});

describe('an answer without a word', () => {
  const names = ['openai', 'responses', 'anthropic', 'gemini', 'deepseek'];

  /** What a client of Messages says to Anthropic goes up as it came. */
  const apis = APIS.filter((api) => api !== 'messages');

  it.each(apis.flatMap((api) => [true, false].map((stream) => [api, stream] as const)))(
    'of any vendor is a turn that all others go on from, over %s (stream: %p)',
    async (api, stream) => {
      const wrong: unknown[] = [];
      const pairs = names.flatMap((from) => names.map((to) => [from, to] as const));
      const jobs = pairs.map(([from, to], index) => async () => {
        const conversation = new Conversation(api, { surface: SURFACES[index % 2]!, stream });
        try {
          const silent = await conversation.user('think').ask(from);
          const next = await conversation.user('say').ask(to);
          if (silent.text !== '' || !silent.isComplete || wordsOf(next) !== `${to} says n.`)
            wrong.push({ from, to, silent, next });
        } catch (failure) {
          wrong.push({ from, to, failure });
        }
      });
      await together(jobs);
      expect(vendors.all.flatMap(({ refusals }) => refusals).slice(0, 3)).toEqual([]);
      expect(wrong.slice(0, 3)).toEqual([]);
    },
  );
});

describe('signatures that do not hold any more', () => {
  const signing = ['responses', 'anthropic', 'gemini'];

  it.each(APIS.flatMap((api) => signing.map((name) => [name, api] as const)))(
    'of %s cost one quiet second try over %s',
    async (name, api) => {
      const vendor = vendors.named(name);
      const conversation = new Conversation(api, { surface: '/v1', stream: api === 'chat' });
      const said = [await conversation.user('two').ask(name)];
      vendor.forgetSignatures();
      said.push(await conversation.outputs('one').ask(name));
      expect(vendor.refusals).toEqual([expect.stringMatching(/signature|encrypted/)]);
      said.push(await conversation.outputs('say').ask(name));
      said.push(await conversation.user('say').ask(name));
      expect(said.map(wordsOf)).toEqual(['2 calls', '1 calls', `${name} says n.`, `${name} says n.`]);
      expect(vendor.refusals).toHaveLength(1);
      // Calls stay calls: with what was made first goes up what it was called with.
      const calls = said.flatMap((each) => each.calls);
      const last = vendor.bodies.at(-1) ?? '';
      for (const call of calls) expect(last).toContain((JSON.parse(call.arguments) as { at: string }).at);
    },
  );
});
