import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ProviderSettings } from '../../../src/catalog/model.js';
import { adaptersOf } from '../../../src/providers/dialects.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import { MAX_ANSWER_BYTES } from '../../../src/providers/http/read-body.js';
import type { Prompt } from '../../../src/text/prompt.js';
import type { SpokenEvent } from '../../../src/text/text-event.js';
import { chatPrompt } from '../../support/chat-prompt.js';
import { baseUrlOf, type DialectWire, DIALECT_WIRES, streamOf } from '../../support/dialect-wires.js';
import { heldBytes } from '../../support/held-bytes.js';
import {
  type Handler,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { joinedAnswer } from '../joined-answer.js';
import {
  attemptFor,
  imageFetch,
  modelFor,
  outcomeOf,
  requestFor,
  settingsFor,
  spokenText,
  targetFor,
} from '../support.js';

const MIB = 1024 ** 2;
const MAX_FRAME_BYTES = 2 * MIB;
const WORDS = ['One ', 'two ', 'three.'];
const USED = { input: 10, output: 5 };
/** Stands in what the upstream says of an error. */
const SECRET = 'org-acme-internal';
const PAGE = `<html><body>Bad gateway at ${SECRET}</body></html>`;
const TYPES = ['text/event-stream', 'application/json', 'text/html', 'application/octet-stream', undefined];

let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
// A call that gives up before it arrives leaves its script behind.
beforeEach(() => upstream.reset());
afterAll(() => upstream.close());

interface Asked {
  readonly stream?: boolean;
  readonly settings?: Partial<ProviderSettings>;
  readonly maxFrameBytes?: number;
  /** Called with each batch, which is then forgotten. */
  readonly prompt?: Prompt;
  readonly look?: (batch: readonly SpokenEvent[]) => void;
}

/** What one attempt over this wire says when it is answered so. */
async function ask(
  wire: DialectWire,
  handler: Handler,
  { stream = true, settings = {}, maxFrameBytes, prompt, look }: Asked = {},
): Promise<{ events: SpokenEvent[]; failure?: unknown }> {
  upstream.next(handler);
  const own = wire.provider as Partial<ProviderSettings>;
  const provider = settingsFor(baseUrlOf(wire, upstream), { ...own, ...settings });
  const target = targetFor(provider);
  const text = adaptersOf(provider).text.connect(provider, maxFrameBytes, imageFetch());
  const request = requestFor(modelFor([target]), { stream, ...(prompt && { prompt }) });
  const batches = text.generate(attemptFor(target, { request }));
  try {
    return await outcomeOf(look ? forgotten(batches, look) : batches);
  } finally {
    await text.destroy();
  }
}

async function* forgotten(
  batches: AsyncIterable<readonly SpokenEvent[]>,
  look: (batch: readonly SpokenEvent[]) => void,
): AsyncGenerator<readonly SpokenEvent[]> {
  for await (const batch of batches) {
    look(batch);
    yield [];
  }
}

const codeOf = (failure: unknown): string | undefined =>
  failure instanceof UpstreamFailure ? failure.error.code : undefined;

const sends =
  (body: string, type?: string): Handler =>
  async (exchange) => {
    exchange.head(200, type === undefined ? {} : { 'content-type': type });
    await exchange.send(body);
    exchange.end();
  };

describe.each(DIALECT_WIRES)('an answer of $name', (wire) => {
  const streamed = streamOf(wire, WORDS, USED);
  const whole = JSON.stringify(wire.whole(WORDS.join(''), USED));

  it('is understood by what it is, whatever its content type says and whatever was asked for', async () => {
    for (const type of TYPES)
      for (const body of [streamed, whole])
        for (const stream of [true, false]) {
          const read = joinedAnswer(await ask(wire, sends(body, type), { stream }));
          expect({ type, stream, ...read }).toMatchObject({
            ...{ type, stream, text: WORDS.join(''), finish: 'stop' },
            usage: { inputTokens: 10, outputTokens: 5 },
          });
        }
  });

  it('that is a page or nothing is an error, whatever its content type says', async () => {
    for (const type of TYPES)
      for (const body of [PAGE, ''])
        for (const stream of [true, false]) {
          const { events, failure } = await ask(wire, sends(body, type), { stream });
          expect([type, events, codeOf(failure)]).toEqual([type, [], 'upstream_error']);
          expect((failure as Error).message).not.toContain(SECRET);
        }
  });

  it.each([
    [429, 'rate_limit_exceeded'],
    [500, 'upstream_error'],
  ] as const)('with status 200 may be an error: what is 429 or 500 elsewhere (%d)', async (status, code) => {
    const error = wire.error(status, SECRET);
    const { start, word } = wire;
    for (const [body, stream, text] of [
      [wire.failed(error), true, ''],
      [start + wire.failed(error), true, ''],
      [start + word('One ') + wire.failed(error), true, 'One '],
      // Whatever comes behind it.
      [start + word('One ') + wire.failed(error) + wire.end(USED), true, 'One '],
      [JSON.stringify(wire.refusal(error)), true, ''],
      [JSON.stringify(wire.refusal(error)), false, ''],
      [wire.failed(error), false, ''],
      [start + word('One ') + wire.failed(error), false, ''],
    ] as const) {
      const { events, failure } = await ask(wire, sends(body), { stream });
      expect([spokenText(events), codeOf(failure)]).toEqual([text, code]);
      const said = JSON.stringify((failure as UpstreamFailure).options.said?.words);
      expect(said).toContain(SECRET);
      expect((failure as Error).message).not.toContain(SECRET);
    }
  });

  it('that falls silent is a timeout, with what it said before', async () => {
    for (const [said, text] of [
      ['', ''],
      [wire.start, ''],
      [wire.start + wire.word('One '), 'One '],
    ] as const) {
      const left: Promise<number>[] = [];
      const falls: Handler = async (exchange) => {
        left.push(exchange.aborted);
        if (said !== '') await exchange.send(said);
      };
      const settings = said === '' ? { firstByteTimeoutMs: 500 } : { silenceTimeoutMs: 500 };
      const { events, failure } = await ask(wire, falls, { settings });
      expect([spokenText(events), codeOf(failure)]).toEqual([text, 'upstream_timeout']);
      await Promise.all(left);
    }
  });

  it('whole that never comes is a timeout', async () => {
    const { failure } = await ask(wire, () => undefined, { stream: false, settings: { timeoutMs: 100 } });
    expect(codeOf(failure)).toBe('upstream_timeout');
  });
});

const filled = (frame: string): Buffer => Buffer.from(frame.repeat(Math.ceil(65_536 / frame.length)));

/** What has no end: how it begins, what comes again and again, and what limits it. */
const FLOODS: readonly (readonly [string, (wire: DialectWire) => readonly [string, Buffer], string])[] = [
  ['words', (wire) => [wire.start, filled(wire.word('and so on '))], 'upstream_timeout'],
  ['frames that say nothing', (wire) => ['', filled(wire.start)], 'upstream_timeout'],
  [
    'frames that nobody knows',
    (wire) => [wire.start, filled(wire.unknown({ more: 'x'.repeat(500) }))],
    'upstream_timeout',
  ],
  ['comments', (wire) => [wire.start, filled(': and so on\n\n')], 'upstream_timeout'],
  ['a line', (wire) => [`${wire.start}data: {"x":"`, filled('and so on ')], 'upstream_error'],
  [
    'lines of one frame',
    (wire) => [`${wire.start}data: {\n`, filled('data: "x":"and so on",\n')],
    'upstream_error',
  ],
  ['JSON', () => ['{"x":"', filled('and so on ')], 'upstream_error'],
];

describe.each(DIALECT_WIRES)('an answer of $name without an end', (wire) => {
  it.each(FLOODS)('of %s ends by its limit of time or size, and little of it is held', async (...flood) => {
    const [name, make, code] = flood;
    const [begin, piece] = make(wire);
    // A whole answer may be that long; a frame may not, here.
    const mayHold = (name === 'JSON' ? MAX_ANSWER_BYTES : MAX_FRAME_BYTES) + 6 * MIB;
    const before = heldBytes();
    let held = 0;
    let left: Promise<number> | undefined;
    const floods: Handler = async (exchange) => {
      left = exchange.aborted;
      await exchange.send(begin);
      for (let sent = 1; await exchange.send(piece); sent += 1)
        if (sent >= 16 && Number.isInteger(Math.log2(sent))) held = Math.max(held, heldBytes() - before);
    };
    const timeoutMs = code === 'upstream_timeout' ? 700 : 60_000;
    const asked = { settings: { timeoutMs }, maxFrameBytes: MAX_FRAME_BYTES, look: () => undefined };
    // A failure that is kept keeps all that stood on the stack where it was made.
    expect(await ask(wire, floods, asked).then(({ failure }) => codeOf(failure))).toBe(code);
    expect(held).toBeLessThan(mayHold);
    await left;
    expect(heldBytes() - before).toBeLessThan(6 * MIB);
  });
});

it('frames that a client of their own wire would get do not gather before the first word', async () => {
  const wire = DIALECT_WIRES.find(({ name }) => name === 'anthropic')!;
  const big = Buffer.from(wire.unknown({ more: 'x'.repeat(65_000) }));
  const body = { model: 'm', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] };
  const prompt = { ...chatPrompt({ messages: body.messages }), messagesCall: { body, headers: {} } };
  const before = heldBytes();
  let shown = 0;
  let held = 0;
  const gathers: Handler = async (exchange) => {
    await exchange.send(wire.start);
    for (let sent = 0; sent < 400; sent += 1) await exchange.send(big);
    held = heldBytes() - before;
    exchange.end(wire.word('One') + wire.end(USED));
  };
  const { failure } = await ask(wire, gathers, { prompt, look: ({ length }) => (shown += length) });
  expect([failure, shown]).toEqual([undefined, expect.any(Number)]);
  expect(shown).toBeGreaterThan(400);
  expect(held).toBeLessThan(6 * MIB);
});
