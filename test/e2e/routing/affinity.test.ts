import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { CachingUpstream } from '../../support/caching-upstream.js';
import { ADMIN_TOKEN, TestGateway } from '../../support/gateway.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { until } from '../../support/until.js';
import { CONVERSATIONS, converse, TURNS } from './conversations.js';

const NAMES = ['a', 'b', 'c', 'd'];
/** Their rates in what a direct client's would be. */
const GOOD_ENOUGH = 0.95;
/** Of a test with many conversations: `CONVERSATIONS=200 TURNS=20` is what a busy service has. */
const TIMEOUT_MS = 60_000 + CONVERSATIONS * TURNS * 100;

let database: TestDatabase;
let upstreams: readonly CachingUpstream[];
let replicas: readonly TestGateway[];
let key: string;

beforeAll(async () => {
  [database, upstreams] = await Promise.all([
    createTestDatabase(),
    Promise.all(NAMES.map(() => CachingUpstream.start())),
  ]);
  replicas = await Promise.all(
    // The order of targets and keys may differ from file to file.
    [0, 1, 2].map((turn) => TestGateway.start({ database, file: fileOf(turn) })),
  );
  ({ key } = await replicas[0]!.createKey());
});
afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.close()));
  await database.drop();
  await Promise.all(upstreams.map((upstream) => upstream.goDown()));
});

function fileOf(turn: number): object {
  const rotated = <Item>(items: readonly Item[]): readonly Item[] => [
    ...items.slice(turn),
    ...items.slice(0, turn),
  ];
  return {
    providers: rotated(NAMES).map((id) => ({
      id,
      type: 'openai',
      base_url: upstreams[NAMES.indexOf(id)]!.url,
      api_keys: rotated(['key-one', 'key-two', 'key-three']),
    })),
    models: [
      {
        id: 'test-model',
        targets: rotated(NAMES).map((provider) => ({ provider, model: 'up' })),
        context_window: 100_000,
        max_output_tokens: 1_000,
        pricing: { input: 1, cached_input: 0.1, output: 2 },
      },
    ],
  };
}

function textIn(answer: unknown): string {
  const { choices } = answer as { choices: { message: { content: string } }[] };
  return choices[0]!.message.content;
}

async function direct(messages: readonly JsonObject[], url: string): Promise<string> {
  const response = await fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer direct' },
    body: JSON.stringify({ model: 'up', messages }),
  });
  return textIn(await response.json());
}

/** The last Response of conversations that are continued by their ids. */
const lastIds = new Map<number, string>();

/** Each turn at another replica; every fourth conversation is a chain of Responses. */
async function throughGateway(
  conversation: number,
  turn: number,
  messages: readonly JsonObject[],
): Promise<string> {
  const replica = replicas[(conversation + turn) % replicas.length]!;
  const isChain = conversation % 4 === 3;
  const response = isChain
    ? await respond(replica, conversation, turn, messages)
    : await replica.chat(key, { messages });
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  const answer: unknown = await response.json();
  if (!isChain) return textIn(answer);
  const { id, output } = answer as { id: string; output: { content: { text: string }[] }[] };
  lastIds.set(conversation, id);
  return output[0]!.content[0]!.text;
}

function respond(
  replica: TestGateway,
  conversation: number,
  turn: number,
  messages: readonly JsonObject[],
): Promise<Response> {
  const body = {
    model: 'test-model',
    instructions: messages[0]!['content'],
    input: messages.at(-1)!['content'],
    previous_response_id: turn === 0 ? null : lastIds.get(conversation),
  };
  return fetch(`${replica.url}/v1/responses`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

async function metric(name: string): Promise<number> {
  const texts = await Promise.all(
    replicas.map(async (replica) => (await fetch(`${replica.url}/metrics`)).text()),
  );
  const lines = texts.flatMap((text) => text.split('\n').filter((line) => line.startsWith(`${name}{`)));
  return sum(lines.map((line) => Number(line.split(' ').at(-1))));
}

interface SetAside {
  readonly provider: string;
  readonly state: string;
  readonly until: string | null;
}

/** What the replicas have set aside, as operators see it. */
async function setAside(): Promise<readonly SetAside[]> {
  const answers = await Promise.all(
    replicas.map((replica) =>
      fetch(`${replica.url}/admin/usage`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } }),
    ),
  );
  const bodies = await Promise.all(answers.map((answer) => answer.json()));
  return (bodies as readonly { targets: SetAside[] }[]).flatMap(({ targets }) => targets);
}

describe('many conversations over three replicas, four targets and three keys for each', () => {
  it(
    'find their prompts in the cache as often as a direct client does',
    async () => {
      const only = await CachingUpstream.start();
      await converse((_conversation, _turn, messages) => direct(messages, only.url));
      await only.goDown();
      await converse(throughGateway);
      const rateOfDirect = only.cachedTokens / only.inputTokens;
      const inputTokens = sum(upstreams.map((upstream) => upstream.inputTokens));
      const cachedTokens = sum(upstreams.map((upstream) => upstream.cachedTokens));
      expect(rateOfDirect).toBeGreaterThan(0.7);
      expect(cachedTokens / inputTokens).toBeGreaterThan(GOOD_ENOUGH * rateOfDirect);
      // All of them have work, with all of their keys.
      expect(upstreams.map(({ calls }) => calls.length > 0)).toEqual(NAMES.map(() => true));
      expect(new Set(upstreams.flatMap(({ calls }) => calls))).toEqual(
        new Set(['key-one', 'key-two', 'key-three']),
      );
      await Promise.all(replicas.map((replica) => replica.idle()));
      expect(await metric('slipstream_upstream_input_tokens_total')).toBe(inputTokens);
      expect(await metric('slipstream_upstream_cached_input_tokens_total')).toBe(cachedTokens);
    },
    TIMEOUT_MS,
  );

  it(
    'see no error when a target goes down, and come back to it without a restart',
    async () => {
      const [down] = upstreams;
      let turns = 0;
      const running = converse(async (...call) => {
        turns += 1;
        return throughGateway(...call);
      });
      await until(() => turns > 30);
      await down!.goDown();
      await running;
      expect(await setAside()).toContainEqual(expect.objectContaining({ provider: 'a', state: 'set_aside' }));
      // Refused connections do not reach it: each replica found out by itself.
      const before = down!.calls.length;
      await down!.listen();
      await until(async () => {
        const times = (await setAside()).map(({ until: time }) => (time === null ? 0 : Date.parse(time)));
        return times.every((time) => time < Date.now());
      });
      await converse(throughGateway);
      expect(down!.calls.length).toBeGreaterThan(before);
      expect(await setAside()).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
