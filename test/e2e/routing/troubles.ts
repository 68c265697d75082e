import type { JsonObject } from '../../../src/base/json.js';
import { baseUrlOf, type DialectWire, DIALECT_WIRES, wantsStream } from '../../support/dialect-wires.js';
import type { Exchange } from '../../support/scripted-upstream.js';

/** The key of the first targets. */
export const KEY = 'sk-operators-own-0123456789';
export const PROMPT = 'What is the secret plan of the whole village?';
export const USED = { input: 10, output: 5 };

export interface Trouble {
  readonly name: string;
  /** The provider that has it: as it is, one whose patience is short, or one where nobody listens. */
  readonly at: 'here' | 'slow' | 'down';
  readonly happens: (wire: DialectWire, exchange: Exchange) => unknown;
  /** How the attempt ends, for metrics and log. */
  readonly outcome: string;
  /** What the log has of the upstream's own words; absent: it said nothing. */
  readonly said?: (wire: DialectWire) => JsonObject;
}

/** The fields of an error that name something, as the log has them. */
function named({ code, type, status, param }: JsonObject): JsonObject {
  return {
    ...(code !== undefined && { code: `${code as string | number}` }),
    ...((type ?? status) !== undefined && { type: type ?? status ?? null }),
    ...(param !== undefined && param !== null && { param }),
  };
}

const limited = `Too many requests for ${KEY}.`;
const broken = `Failed over "${PROMPT}"`;

/** All but the last of them happen before the first word. */
const TROUBLES: readonly Trouble[] = [
  {
    name: 'refuses the connection',
    at: 'down',
    happens: () => undefined,
    outcome: 'upstream_unavailable',
  },
  {
    name: 'sends a start that says nothing, and then an error',
    at: 'here',
    happens: (wire, exchange) => {
      const failed = wire.failed(wire.error(500, broken));
      if (wantsStream(exchange)) exchange.end(wire.start + failed);
      else exchange.json(wire.refusal(wire.error(500, broken)));
    },
    outcome: 'upstream_error',
    said: (wire) => ({ ...named(wire.error(500, '')), message: '[quotes the request]' }),
  },
  {
    name: 'is limited for a minute',
    at: 'here',
    happens: (wire, exchange) =>
      exchange.json(wire.refusal(wire.error(429, limited)), 429, { 'retry-after': '60' }),
    outcome: 'rate_limit_exceeded',
    said: (wire) => ({ status: 429, ...named(wire.error(429, '')), message: 'Too many requests for […].' }),
  },
  {
    name: 'is silent',
    at: 'slow',
    happens: () => undefined,
    outcome: 'upstream_timeout',
  },
  {
    name: 'breaks off in the middle',
    at: 'here',
    happens: async (wire, exchange) => {
      const whole = JSON.stringify(wire.whole('One two three', USED));
      if (wantsStream(exchange)) await exchange.send(wire.start + wire.word('One ') + wire.word('two '));
      else {
        exchange.head(200, { 'content-type': 'application/json', 'content-length': String(whole.length) });
        await exchange.send(whole.slice(0, whole.length / 2));
      }
      exchange.breakConnection();
    },
    outcome: 'upstream_error',
  },
];

/** Models whose first target is where nobody listens. */
export const DOWN = DIALECT_WIRES.map(({ name }) => ({
  model: `${name}-down`,
  first: `${name}-down`,
  second: 'chat',
}));

/** Every case has names of its own, so that no target is set aside for another one, and metrics are apart. */
export const CASES = DIALECT_WIRES.flatMap((wire, index) =>
  TROUBLES.flatMap((trouble, number) =>
    [true, false].map((stream) => ({
      ...{ wire, trouble, stream, model: `${wire.name}-${number}-${stream ? 'streamed' : 'whole'}` },
      first: `${wire.name}-${trouble.at}`,
      /** Of another wire. */
      second: DIALECT_WIRES[(index + 1) % DIALECT_WIRES.length]!.name,
    })),
  ),
);
export type Case = (typeof CASES)[number];

/** @param urls of the upstreams of first and second targets, and of one where nobody listens */
export function fileOf(urls: Record<'first' | 'second' | 'closed', string>): object {
  const providers = DIALECT_WIRES.flatMap((wire) => {
    const { name, provider } = wire;
    const here = { ...provider, api_key: KEY, base_url: baseUrlOf(wire, { url: urls.first }) };
    return [
      { ...here, id: `${name}-here` },
      { ...here, id: `${name}-slow`, first_byte_timeout_ms: 300, timeout_ms: 900 },
      { ...here, id: `${name}-down`, base_url: baseUrlOf(wire, { url: urls.closed }) },
      { ...here, id: name, base_url: baseUrlOf(wire, { url: urls.second }), api_key: 'sk-second-0123456789' },
    ];
  });
  const models = [...CASES, ...DOWN].map((one) => ({
    id: one.model,
    targets: [
      { provider: one.first, model: `first-${one.model}`, priority: 1 },
      { provider: one.second, model: `second-${one.model}`, priority: 2 },
    ],
    ...{ context_window: 100_000, max_output_tokens: 1_000, pricing: { input: 1, output: 2 } },
  }));
  return { providers, models };
}
