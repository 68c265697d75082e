import { request, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { baseUrlOf, type DialectWire, DIALECT_WIRES, wireOf } from '../../support/dialect-wires.js';
import { TestGateway } from '../../support/gateway.js';
import {
  type Exchange,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { ANSWER, HEADER, type Indiscretion, INDISCRETIONS, KEY, MARK, PROMPT } from './indiscretions.js';

/** Calls that run at the same time. */
const AT_ONCE = 24;

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let key: string;
const log: string[] = [];

/** Each has a model of its own, whose name at the upstream says what the upstream does. */
const CASES = DIALECT_WIRES.flatMap((wire) =>
  INDISCRETIONS.flatMap((indiscretion, number) =>
    indiscretion.wire === undefined || indiscretion.wire === wire.name
      ? [
          {
            wire,
            indiscretion,
            model: `${wire.name}-${number}`,
            upstreamModel: `acme-corp-finetune-${number}`,
          },
        ]
      : [],
  ),
);

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  upstream.always(answer);
  const { port } = new URL(upstream.url);
  gateway = await TestGateway.start({
    log,
    file: {
      providers: DIALECT_WIRES.map((wire) => ({
        ...{ ...wire.provider, id: wire.name, api_key: KEY, headers: { 'x-tenant': HEADER } },
        base_url: baseUrlOf(wire, { url: `http://localhost:${port}/v1` }),
      })),
      models: CASES.map(({ wire, model, upstreamModel }) => ({
        ...{ id: model, targets: [{ provider: wire.name, model: upstreamModel }] },
        ...{ context_window: 100_000, max_output_tokens: 1_000, pricing: { input: 1, output: 2 } },
      })),
    },
  });
  ({ key } = await gateway.createKey({ account: 'buyer', budget_limit: '1000000000' }));
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** All that must not be told; the prompt may be told to who asked, and not to the log. */
function answer(exchange: Exchange): unknown {
  const wire = wireOf(exchange);
  const { path, headers, text } = exchange.request;
  const name = /acme-corp-finetune-(\d+)/.exec(path + text);
  const { indiscretion } = CASES.find((one) => one.wire === wire && one.upstreamModel === name?.[0])!;
  const sent = [
    name?.[0],
    headers.host,
    `http://${headers.host}/v1`,
    KEY,
    headers['x-tenant'],
    'org-acme-corp123',
  ];
  const quoted = number(name?.[1]) % 2 === 0 ? '' : ` "${PROMPT}" is not allowed.`;
  return indiscretion.answer(wire, exchange, `Refused: ${sent.join(', ')}.${quoted}`);
}

const number = (digits = '0'): number => Number(digits);

/** A whole answer as it comes over the wire: status, reason, headers and body. */
async function bytesOf(method: string, path: string, body?: object): Promise<string> {
  const sent = body === undefined ? '' : JSON.stringify(body);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const asked = request(gateway.url + path, { method, headers, agent: false }, resolve);
    asked.on('error', reject).end(sent);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const headers = response.rawHeaders.map((text, index) => (index % 2 === 0 ? `\n${text}: ` : text)).join('');
  const text = Buffer.concat(chunks).toString();
  return `${response.statusCode} ${response.statusMessage}${headers}\n\n${text}${response.rawTrailers.join()}`;
}

/** What a native client is told of the target on purpose. */
const withoutTarget = (bytes: string): string => bytes.replace(/\nx-compose-upstream-model: .*/, '');

const messages = [{ role: 'user', content: PROMPT }];
const QUESTIONS: readonly (readonly [string, object])[] = [
  ['/chat/completions', { messages, temperature: 0.5 }],
  ['/responses', { input: PROMPT, temperature: 0.5 }],
  ['/messages', { messages, temperature: 0.5, max_tokens: 100 }],
];

interface Told {
  readonly what: string;
  readonly bytes: string;
}

/** What clients are told by every API, whole and streamed. */
async function toldIn(wire: DialectWire): Promise<readonly Told[]> {
  const calls = CASES.filter((one) => one.wire === wire).flatMap(({ indiscretion, model }, index) =>
    QUESTIONS.flatMap(([path, body]) =>
      [true, false].map((stream) => async (): Promise<Told> => {
        const surface = (index + Number(stream)) % 2 === 0 ? '/v1' : '/external/v1';
        const bytes = await bytesOf('POST', surface + path, { ...body, model, stream });
        return {
          what: `${whatOf(indiscretion)}: ${surface + path}, ${stream ? 'streamed' : 'whole'}`,
          bytes,
        };
      }),
    ),
  );
  return together(calls);
}

const whatOf = ({ name }: Indiscretion): string => name;

async function together<Result>(jobs: readonly (() => Promise<Result>)[]): Promise<readonly Result[]> {
  const results: Result[] = [];
  const queue = jobs.values();
  const work = async (): Promise<void> => {
    for (const job of queue) results.push(await job());
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}

/** What tells too much, with the words that do. */
function tooMuch(told: readonly Told[]): readonly string[] {
  const { port } = new URL(upstream.url);
  return told.flatMap(({ what, bytes }) => {
    const found = new RegExp(`.{0,60}(?:${MARK.source}|localhost|:${port}\\b).{0,60}`, 'i').exec(
      withoutTarget(bytes).replaceAll(gateway.url, ''),
    );
    return found ? [`${what}: ${found[0]}`] : [];
  });
}

describe.each(DIALECT_WIRES)('an upstream of $name', (wire) => {
  it('tells no client of itself, whatever it says and whoever asks', async () => {
    const told = await toldIn(wire);
    expect(tooMuch(told)).toEqual([]);
    const spoken = told.filter(({ bytes }) => bytes.includes(ANSWER));
    expect(spoken.length).toBeGreaterThan(told.length / 8);
  });
});

describe('what is kept of all that', () => {
  it('is as discreet in stored Responses', async () => {
    const { rows } = await gateway.pool.query<{ id: string }>('SELECT id FROM responses');
    expect(rows.length).toBeGreaterThan(100);
    const told = await together(
      rows.flatMap(({ id }) =>
        ['', '?stream=true'].map((query) => async () => {
          const what = `/v1/responses/${id}${query}`;
          return { what, bytes: await bytesOf('GET', what) };
        }),
      ),
    );
    expect(tooMuch(told)).toEqual([]);
  });

  it('is a line for each attempt in the log, without keys and prompts', () => {
    const failed = log.filter((line) => line.includes('an attempt at a provider failed'));
    expect(failed.length).toBeGreaterThan(CASES.length);
    const cleaned = /"upstream":\{"status":429,.*"message":"Refused: acme-corp-finetune-\d+, \[…\]/;
    expect(failed.filter((line) => cleaned.test(line)).length).toBeGreaterThan(DIALECT_WIRES.length);
    const secrets = [KEY, HEADER, PROMPT, 'secret plan'];
    const telling = log.filter((line) => secrets.some((secret) => line.includes(secret)));
    expect(telling.slice(0, 5)).toEqual([]);
  });
});
