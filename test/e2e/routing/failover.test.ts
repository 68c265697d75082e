import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import type { Receipt } from '../../../src/base/money/receipt.js';
import { saysOver, wireOf } from '../../support/dialect-wires.js';
import { type CreatedKey, TestGateway } from '../../support/gateway.js';
import { receipts } from '../../support/ledger-state.js';
import { type ScriptedUpstream, startScriptedUpstream } from '../../support/scripted-upstream.js';
import { framesOf } from '../../support/sse-frames.js';
import { until } from '../../support/until.js';
import { type Case, CASES, DOWN, fileOf, PROMPT, USED } from './troubles.js';

/** Of 10 tokens at 1 USD per million and 5 at 2, with a fee of one percent. */
const PRICE = 21;
const WORDS = ['Good ', 'answer.'];

let upstream: ScriptedUpstream;
let second: ScriptedUpstream;
let gateway: TestGateway;
let payer: CreatedKey;
const log: string[] = [];

/** An address at which nobody listens. */
async function closedUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/v1`;
}

beforeAll(async () => {
  [upstream, second] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
  second.always((exchange) => saysOver(wireOf(exchange), WORDS, USED)(exchange));
  gateway = await TestGateway.start({
    file: fileOf({ first: upstream.url, second: second.url, closed: await closedUrl() }),
    log,
  });
});
beforeEach(async () => {
  upstream.reset();
  log.length = 0;
  payer = await gateway.createKey({ budget_limit: '1000000' });
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([upstream.close(), second.close()]);
});

interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The code of an error. */
  readonly error: string | undefined;
  /** Of the receipt, in atomic USDC. */
  readonly charged: string | undefined;
  /** Of the receipt of a stream. */
  readonly lineItems: Receipt['lineItems'];
}

interface Choice {
  readonly message?: { readonly content: string };
  readonly delta?: { readonly content?: string };
}

interface Said {
  readonly choices?: readonly Choice[];
  readonly error?: { readonly code: string };
  readonly compose_receipt?: { readonly final_amount_wei: string };
}

async function ask(model: string, stream: boolean): Promise<Seen> {
  const messages = [{ role: 'user', content: PROMPT }];
  const { status, headers, ...response } = await answerOf({ model, stream, messages });
  const isStream = headers.get('content-type')?.startsWith('text/event-stream') === true;
  const frames = isStream
    ? framesOf(response.body)
    : [{ event: undefined, data: JSON.parse(response.body) as unknown }];
  const said = frames.map(({ data }) => data as Said);
  const texts = said.flatMap(({ choices = [] }) =>
    choices.map(({ message, delta }) => (message ?? delta)?.content ?? ''),
  );
  const receipt = frames.find(({ event }) => event === 'compose.receipt')?.data as Receipt | undefined;
  return {
    ...{ status, headers, text: texts.join('') },
    error: said.find(({ error }) => error)?.error?.code,
    lineItems: receipt?.lineItems ?? [],
    charged: receipt?.finalAmountWei ?? said[0]?.compose_receipt?.final_amount_wei,
  };
}

async function answerOf(body: object): Promise<{ status: number; headers: Headers; body: string }> {
  const response = await gateway.chat(payer.key, body);
  return { status: response.status, headers: response.headers, body: await response.text() };
}

async function metrics(model: string): Promise<readonly string[]> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  return text.split('\n').filter((line) => line.includes(`-${model}"`) || line.includes(`"${model}"`));
}

const attempts = (provider: string, model: string, outcome: string): string =>
  `slipstream_upstream_attempts_total{provider="${provider}",model="${model}",outcome="${outcome}"} 1`;

const available = (provider: string, model: string): string =>
  `slipstream_upstream_target_available{provider="${provider}",model="${model}",key=""}`;

/** One line for the attempt, with all that the upstream said; and no line has what no line may have. */
async function expectLogged({ wire, trouble, model, first }: Case): Promise<void> {
  const found = (): JsonObject[] =>
    log
      .map((line) => JSON.parse(line) as JsonObject)
      .filter(({ msg }) => msg === 'an attempt at a provider failed');
  await until(() => found().length > 0);
  expect(found()).toEqual([
    expect.objectContaining({
      ...{ level: 40, provider: first, upstreamModel: `first-${model}`, attempt: 1, code: trouble.outcome },
      ...(trouble.said && { upstream: trouble.said(wire) }),
    }),
  ]);
  if (!trouble.said) expect(found()[0]).not.toHaveProperty('upstream');
  expect(log.join('')).not.toMatch(/sk-operators-own|sk-second|secret plan/);
}

/** What happens when something has been shown. */
const isShown = ({ trouble, stream }: Case): boolean => trouble.name.startsWith('breaks') && stream;
/** A whole answer has one limit of time, and nothing is left of it for another target. */
const isOver = ({ trouble, stream }: Case): boolean => trouble.at === 'slow' && !stream;

describe('a first target that', () => {
  const before = CASES.filter((one) => !isShown(one) && !isOver(one)).map((one) => ({
    ...one,
    name: one.trouble.name,
  }));

  it.each(before)('$name is followed by the second, for $model', async (one) => {
    upstream.always((exchange) => one.trouble.happens(one.wire, exchange));
    const seen = await ask(one.model, one.stream);
    expect(seen).toMatchObject({ status: 200, text: WORDS.join(''), error: undefined });
    expect(
      ['attempts', 'provider', 'model'].map((name) => seen.headers.get(`x-compose-upstream-${name}`)),
    ).toEqual(['2', one.second, `second-${one.model}`]);
    expect(upstream.requests).toHaveLength(one.trouble.at === 'down' ? 0 : 1);

    expect(seen.charged).toBe(String(PRICE));
    expect(await receipts(gateway.pool, payer.id)).toEqual([{ finalAmount: PRICE, estimated: false }]);
    await gateway.idle();
    expect(await gateway.keyBudget(payer.id)).toEqual({ spent: PRICE, held: 0 });

    const lines = await metrics(one.model);
    expect(lines).toContain(attempts(one.first, `first-${one.model}`, one.trouble.outcome));
    expect(lines).toContain(attempts(one.second, `second-${one.model}`, 'answered'));
    const isSetAside = one.trouble.outcome === 'rate_limit_exceeded';
    expect(lines).toContain(`${available(one.first, `first-${one.model}`)} ${isSetAside ? 0 : 1}`);
    expect(lines.filter((line) => line.includes('call_refusals'))).toEqual([]);
    await expectLogged(one);
  });

  it.each(CASES.filter(isShown))(
    'breaks off behind its first words has ended the answer, for $model',
    async (one) => {
      upstream.always((exchange) => one.trouble.happens(one.wire, exchange));
      const asked = second.requests.length;
      const seen = await ask(one.model, one.stream);
      expect(seen).toMatchObject({ status: 200, text: 'One two ', error: 'upstream_error' });
      expect([upstream.requests.length, second.requests.length]).toEqual([1, asked]);

      await gateway.idle();
      const [receipt, ...more] = await receipts(gateway.pool, payer.id);
      expect([receipt?.estimated, more]).toEqual([true, []]);
      expect(seen.charged).toBe(String(receipt?.finalAmount));
      expect(seen.lineItems.find(({ key }) => key === 'output_tokens')).toMatchObject({
        ...{ quantity: 3, estimated: true },
      });
      expect(await gateway.keyBudget(payer.id)).toEqual({ spent: receipt?.finalAmount, held: 0 });

      const lines = await metrics(one.model);
      expect(lines).toContain(attempts(one.first, `first-${one.model}`, 'upstream_error'));
      expect(lines.filter((line) => line.includes(`second-${one.model}`))).toEqual([]);
      expect(lines).toContain(`${available(one.first, `first-${one.model}`)} 1`);
      await expectLogged(one);
    },
  );

  it.each(CASES.filter(isOver))('is silent as long as the call may take ends it, for $model', async (one) => {
    upstream.always(() => undefined);
    const seen = await ask(one.model, one.stream);
    expect(seen).toMatchObject({ status: 504, error: 'upstream_timeout', charged: undefined });
    await gateway.idle();
    expect(await gateway.keyBudget(payer.id)).toEqual({ spent: 0, held: 0 });
    const lines = await metrics(one.model);
    expect(lines).toContain(attempts(one.first, `first-${one.model}`, 'upstream_timeout'));
    expect(lines.filter((line) => line.includes(`second-${one.model}`))).toEqual([]);
    await expectLogged(one);
  });

  it.each(DOWN)(
    'is down five times in a row is set aside: $model',
    async ({ model, first, second: other }) => {
      for (let call = 0; call < 6; call += 1) expect((await ask(model, false)).status).toBe(200);
      const lines = await metrics(model);
      expect(lines).toContain(`${available(first, `first-${model}`)} 0`);
      expect(lines).toContain(attempts(first, `first-${model}`, 'upstream_unavailable').replace(/1$/, '5'));
      expect(lines).toContain(attempts(other, `second-${model}`, 'answered').replace(/1$/, '6'));
    },
  );
});
