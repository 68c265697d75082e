import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Receipt } from '../../../src/base/money/receipt.js';
import { baseUrlOf, DIALECT_WIRES } from '../../support/dialect-wires.js';
import { ADMIN_TOKEN, type CreatedKey, TestGateway } from '../../support/gateway.js';
import { SpeakingUpstream, WHOLE_TEXT, WORDS } from '../../support/speaking-upstream.js';
import { framesOf } from '../../support/sse-frames.js';
import { until } from '../../support/until.js';

const CLIENTS = 16;

const upstreams = [new SpeakingUpstream(), new SpeakingUpstream()] as const;
const [down, other] = upstreams;
let gateway: TestGateway;
let payer: CreatedKey;

beforeAll(async () => {
  await Promise.all(upstreams.map((upstream) => upstream.listen()));
  const names = ['down', 'other'];
  gateway = await TestGateway.start({
    file: {
      providers: DIALECT_WIRES.flatMap((wire) =>
        names.map((name, index) => ({
          ...wire.provider,
          ...{ id: `${name}-${wire.name}`, api_key: 'sk', base_url: baseUrlOf(wire, upstreams[index]!) },
        })),
      ),
      models: DIALECT_WIRES.map((wire) => ({
        id: wire.name,
        targets: names.map((name) => ({ provider: `${name}-${wire.name}`, model: 'up' })),
        context_window: 100_000,
        max_output_tokens: 1_000,
        pricing: { input: 1, output: 2 },
      })),
    },
  });
  payer = await gateway.createKey({ budget_limit: '1000000000' });
});
afterAll(async () => {
  await gateway.close();
  await Promise.all(upstreams.map((upstream) => upstream.goDown()));
});

interface Outcome {
  readonly status: number;
  readonly text: string;
  readonly error: string | undefined;
  readonly receipt: Receipt | undefined;
}

async function ask(model: string, question: string): Promise<Outcome> {
  const response = await gateway.chat(payer.key, {
    model,
    stream: true,
    messages: [{ role: 'user', content: question }],
  });
  const body = await response.text();
  if (response.status !== 200) return { status: response.status, text: '', error: body, receipt: undefined };
  let text = '';
  let error: string | undefined;
  let receipt: Receipt | undefined;
  for (const { event, data } of framesOf(body)) {
    const frame = data as {
      choices?: readonly { delta: { content?: string } }[];
      error?: { code: string };
    };
    if (event === 'compose.receipt') receipt = data as Receipt;
    else error ??= frame.error?.code;
    text += frame.choices?.[0]?.delta.content ?? '';
  }
  return { status: 200, text, error, receipt };
}

/** Each client asks one of the models, whose targets speak one of the wires. */
const modelOf = (client: number): string => DIALECT_WIRES[client % DIALECT_WIRES.length]!.name;

/** Clients that ask one thing after the other until they are told to stop; all that they were told. */
class Load {
  readonly outcomes: Outcome[] = [];
  private stopped = false;
  private readonly clients = Array.from({ length: CLIENTS }, async (_, client) => {
    for (let turn = 0; !this.stopped; turn += 1)
      this.outcomes.push(await ask(modelOf(client), `Question ${turn} of client ${client}`));
  });

  /** Waits for so many further answers. */
  async further(count: number): Promise<void> {
    const before = this.outcomes.length;
    await until(() => this.outcomes.length >= before + count);
  }

  async stop(): Promise<readonly Outcome[]> {
    this.stopped = true;
    await Promise.all(this.clients);
    return this.outcomes;
  }
}

interface SetAside {
  readonly provider: string;
  readonly state: string;
  readonly until: string | null;
}

async function setAside(): Promise<readonly SetAside[]> {
  const response = await fetch(`${gateway.url}/admin/usage`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  return ((await response.json()) as { targets: SetAside[] }).targets;
}

const isWhole = ({ status, text, error }: Outcome): boolean =>
  status === 200 && text === WHOLE_TEXT && error === undefined;

describe('two targets of each wire under a load of streams', () => {
  it('one of them goes away in the middle and comes back: only what it was saying breaks, at the price of that', async () => {
    const load = new Load();
    await load.further(CLIENTS);
    expect(Math.min(down.calls, other.calls)).toBeGreaterThan(0);
    await until(() => down.speaking >= 2);
    const { speaking } = down;
    await down.goDown();
    await load.further(3 * CLIENTS);
    await until(async () => {
      const aside = (await setAside()).filter(({ state }) => state === 'set_aside');
      return DIALECT_WIRES.every(({ name }) => aside.some(({ provider }) => provider === `down-${name}`));
    });

    const outcomes = await load.stop();
    const broken = outcomes.filter((outcome) => !isWhole(outcome));
    expect(broken.length).toBeGreaterThan(0);
    expect(broken.length).toBeLessThanOrEqual(speaking);
    for (const { status, text, error, receipt } of broken) {
      expect({ status, error }).toEqual({ status: 200, error: 'upstream_error' });
      const words = text.split(' ').length - 1;
      expect(words).toBeGreaterThan(0);
      // All of them have come where only the end of the stream was missing.
      expect(words).toBeLessThanOrEqual(WORDS);
      const output = receipt?.lineItems.find(({ key }) => key === 'output_tokens');
      expect(output).toMatchObject({ quantity: words, estimated: true });
    }
    const charged = outcomes.reduce((sum, { receipt }) => sum + Number(receipt?.finalAmountWei), 0);
    expect((await gateway.keyBudget(payer.id)).spent).toBe(charged);

    const before = down.calls;
    await down.listen();
    await until(async () =>
      (await setAside()).every(({ until: time }) => time === null || Date.parse(time) < Date.now()),
    );
    const again = new Load();
    await until(async () => down.calls > before + 1 && (await setAside()).length === 0);
    await again.further(CLIENTS);
    expect((await again.stop()).filter((outcome) => !isWhole(outcome))).toEqual([]);
    expect(await setAside()).toEqual([]);
  });
});
