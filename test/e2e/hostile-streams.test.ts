import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.js';
import { baseUrlOf, type DialectWire, DIALECT_WIRES } from '../support/dialect-wires.js';
import { TestGateway } from '../support/gateway.js';
import { growthOfCalls } from '../support/growth.js';
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.js';
import { until } from '../support/until.js';

const USED = { input: 10, output: 5 };
const QUESTION = [{ role: 'user', content: 'Hi' }];
/** Sixteen times as much is sixteen times the work; quadratic would be 256. */
const BOUND = 80;

/** The paths of the APIs for text, with what they are asked. */
const APIS: readonly (readonly [string, JsonObject])[] = [
  ['/external/v1/chat/completions', { messages: QUESTION, store: true }],
  ['/v1/responses', { input: 'Hi' }],
  ['/v1/messages', { messages: QUESTION, max_tokens: 100 }],
];

let upstream: ScriptedUpstream;
let other: ScriptedUpstream;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  [upstream, other] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
  const model = { context_window: 100_000, max_output_tokens: 1_000, pricing: { input: 1, output: 2 } };
  gateway = await TestGateway.start({
    file: {
      providers: [
        ...DIALECT_WIRES.map((wire) => ({
          id: wire.name,
          base_url: baseUrlOf(wire, upstream),
          ...wire.provider,
        })),
        { id: 'other', type: 'openai', base_url: other.url },
      ],
      models: [...DIALECT_WIRES.map(({ name }) => name), 'other'].map((name) => ({
        ...{ ...model, id: name },
        targets: [{ provider: name, model: 'upstream-model' }],
      })),
    },
  });
  ({ key } = await gateway.createKey({ budget_limit: '1000000000' }));
});
beforeEach(() => upstream.reset());
afterAll(async () => {
  await gateway.close();
  await Promise.all([upstream.close(), other.close()]);
});

function post(path: string, body: object, signal?: AbortSignal): Promise<Response> {
  return fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
}

/** Reads all of it, and keeps its end. */
async function endOf(response: Response): Promise<string> {
  let end = Buffer.alloc(0);
  for await (const bytes of response.body ?? [])
    end = Buffer.concat([end, bytes as Uint8Array]).subarray(-65_536);
  return end.toString();
}

const fields = (i: number): JsonObject => ({ [`f${i}`]: i });

/** What there may be many of, in a stream that has begun to speak. */
const MANY_OF: readonly (readonly [number, string, (wire: DialectWire, count: number) => string])[] = [
  [
    10_000,
    'frames with fields that nobody knows',
    (wire, count) =>
      Array.from({ length: count }, (_, i) => wire.word('x', fields(i))).join('') + wire.end(USED),
  ],
  [
    30_000,
    'counts with fields that nobody knows',
    (wire, count) =>
      wire.word('x') +
      Array.from({ length: count }, (_, i) => wire.counts(USED, fields(i))).join('') +
      wire.end(USED),
  ],
];

describe.each(DIALECT_WIRES)('a stream of $name', (wire) => {
  it.each(MANY_OF)('of %d %s costs work in proportion to them, on every API', async (...many) => {
    const [most, , make] = many;
    const streams = [most / 16, most].map((count) => wire.start + make(wire, count));
    const ratios: Record<string, number> = {};
    for (const [path, body] of APIS) {
      const work = (bytes: string | undefined) => async (): Promise<void> => {
        upstream.next((exchange) => exchange.end(bytes));
        const response = await post(path, { ...body, model: wire.name, stream: true });
        const end = await endOf(response);
        if (!/\[DONE\]|event: message_stop/.test(end)) throw new Error(`${path}: ${response.status} ${end}`);
      };
      ratios[path] = await growthOfCalls(work(streams[0]), work(streams[1]), BOUND);
    }
    for (const ratio of Object.values(ratios)) expect(ratio).toBeLessThan(BOUND);
  });
});

const filled = (frame: string): Buffer => Buffer.from(frame.repeat(Math.ceil(65_536 / frame.length)));

/** 16 MiB as fast as they are taken, for each call beside them. Twice that is half of what one frame may have. */
const FAST_PIECES = 256;

/** What goes on without an end. */
const ENDLESS: readonly (readonly [string, (wire: DialectWire) => readonly [string, Buffer]])[] = [
  ['words', (wire) => [wire.start, filled(wire.word('and so on '))]],
  ['frames that nobody knows', (wire) => [wire.start + wire.word('x'), filled(wire.unknown({ more: 1 }))]],
  ['one frame', (wire) => [`${wire.start + wire.word('x')}data: {"x":"`, filled('and so on ')]],
];

describe.each(DIALECT_WIRES)('while an upstream of $name', (wire) => {
  it.each(ENDLESS)('sends %s without an end, other calls begin and end', async (_name, make) => {
    const [begin, piece] = make(wire);
    let pieces = 0;
    let fastUntil = FAST_PIECES;
    let left: Promise<number> | undefined;
    upstream.next(async (exchange) => {
      left = exchange.aborted;
      await exchange.send(begin);
      while (await exchange.send(piece)) {
        pieces += 1;
        // The calls beside it may take long on a busy machine, and one frame must not be full by then.
        if (pieces > fastUntil) await sleep(50);
      }
    });
    const client = new AbortController();
    const [path, body] = APIS[0]!;
    const response = await post(path, { ...body, model: wire.name, stream: true }, client.signal);
    const read = endOf(response).catch((failure: unknown) => failure);
    for (const stream of [true, false]) {
      const before = pieces;
      fastUntil = before + FAST_PIECES;
      await until(() => pieces > before + 16);
      const answer = await post(path, { ...body, model: 'other', stream });
      expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('Hello!')]);
      expect(gateway.runningCalls).toBeGreaterThan(0);
    }
    client.abort();
    await Promise.all([left, read, gateway.idle()]);
  });
});
