import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/base/json.js';
import { TestGateway } from '../../support/gateway.js';
import { SURFACES } from '../../support/responses-client.js';
import { APIS, talkOver } from '../../support/talks/talk-over.js';
import type { TalkOptions } from '../../support/talks/talk.js';
import { Vendors } from '../../support/vendors/vendors.js';

/** Where the wires have the conversation. */
const CONVERSATION = ['messages', 'input', 'contents'] as const;
/** What grows, what says how to answer and not what was said, and marks that stand behind what is cached. */
const NOT_CACHED: ReadonlySet<string> = new Set([...CONVERSATION, 'cache_control', 'stream']);

let vendors: Vendors;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  vendors = await Vendors.start();
  gateway = await TestGateway.start({ file: vendors.file });
  ({ key } = await gateway.createKey({ budget_limit: '1000000000000' }));
});
beforeEach(() => {
  for (const { bodies, refusals } of vendors.all) bodies.length = refusals.length = 0;
});
afterAll(async () => {
  await gateway.close();
  await vendors.close();
});

/** The text of a body without what is said in it, and the texts of what is said; without marks of the cache. */
function partsOf(text: string): { readonly head: string; readonly turns: readonly string[] } {
  const body = JSON.parse(text) as JsonObject;
  const field = CONVERSATION.find((name) => Array.isArray(body[name]))!;
  const turns = body[field] as readonly JsonValue[];
  return {
    head: JSON.stringify(body, (name, value: unknown) => (NOT_CACHED.has(name) ? undefined : value)),
    turns: turns.flatMap(piecesOf).map(withoutMarks),
  };
}

/** The wires of Anthropic and Google join what one side says into one turn, to which more may be added. */
function piecesOf(turn: JsonValue): readonly JsonValue[] {
  const pieces = isJsonObject(turn) ? (turn['content'] ?? turn['parts']) : undefined;
  return Array.isArray(pieces)
    ? [...(pieces as readonly JsonValue[]).map((piece) => [roleOf(turn), piece])]
    : [turn];
}

function roleOf(turn: JsonValue): JsonValue {
  return isJsonObject(turn) ? (turn['role'] ?? turn['type'] ?? null) : null;
}

function withoutMarks(value: JsonValue): string {
  return JSON.stringify(value, (name, each: unknown) => (name === 'cache_control' ? undefined : each));
}

/** Two loops of calls, the first with two of them at once, and what was asked and said around them. */
async function hold(options: TalkOptions, api: (typeof APIS)[number]): Promise<void> {
  const talk = talkOver(api, options);
  const ask = async (): Promise<readonly string[]> => (await talk.ask()).calls.map(({ id }) => id);
  const user = (what: string): void => talk.user(`Please do:${what}.`);
  const outputs = (ids: readonly string[], what: string): void =>
    ids.forEach((id) => talk.output(id, `Seen; now do:${what}.`));
  user('two');
  outputs(await ask(), 'one');
  outputs(await ask(), 'say');
  await ask();
  user('say');
  await ask();
  user('one');
  outputs(await ask(), 'say');
  await ask();
  user('think');
  await ask();
  user('say');
  await ask();
}

const NAMES = ['openai', 'responses', 'anthropic', 'gemini', 'deepseek'];
const CASES = NAMES.flatMap((name) => APIS.map((api) => [name, api] as const));

describe('what goes up in one turn of a conversation', () => {
  it.each(CASES)('goes up again, byte for byte, in the next one: at %s, over %s', async (name, api) => {
    const vendor = vendors.named(name);
    for (const [index, stream] of [true, false].entries()) {
      vendor.bodies.length = 0;
      const options: TalkOptions = {
        ...{ url: gateway.url, key, surface: SURFACES[index]!, stream, model: name },
        ...{ instructions: 'Be brief.', tools: ['look', 'feel'] },
      };
      await hold(options, api);
      expect(vendor.refusals).toEqual([]);
      const bodies = vendor.bodies.map(partsOf);
      expect(bodies).toHaveLength(8);
      bodies.slice(1).forEach(({ head, turns }, turn) => {
        const before = bodies[turn]!;
        expect([turn, head]).toEqual([turn, before.head]);
        expect([turn, turns.slice(0, before.turns.length)]).toEqual([turn, before.turns]);
      });
    }
  });
});
