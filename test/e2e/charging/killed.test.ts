import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { nextStalls } from '../../support/chat-scripts.js';
import { chatChunk, chatUsage, usageChunk } from '../../support/chat-wire.js';
import { OpenStream } from '../../support/gateway-client.js';
import type { GatewayProcess } from '../../support/gateway-process.js';
import { GatewayProcesses } from '../../support/gateway-processes.js';
import { fileFor, type CreatedKey } from '../../support/gateway.js';
import { openHolds } from '../../support/ledger-state.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';
import { expectBill, newPayer, tokenBill, type Bill } from './bills.js';
import { BASES, FOREGROUND, send, STREAMS, type Sent, type Way } from './ways.js';

const LEASE_MS = 15_000;
/** 400 characters: 100 tokens, roughly. The input is 7, roughly, with the marks around it. */
const SPOKEN = chatChunk({ role: 'assistant', content: 'word '.repeat(80) });
const WHOLE = FOREGROUND.filter(({ streamed }) => !streamed);

const processes = GatewayProcesses.forEachTest({ LEASE_MS: String(LEASE_MS) });
let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(() => upstream.reset());
afterAll(() => upstream.close());

function start(connections: number): Promise<GatewayProcess> {
  return processes.start({
    file: fileFor(upstream.url, { provider: { max_connections: connections } }),
  });
}

const onBoth = (ways: readonly Way[]): readonly (readonly [Way, Sent])[] =>
  ways.flatMap((way) => BASES.map((base) => [way, { base }] as const));

interface Call {
  readonly payer: CreatedKey;
  readonly bill: Bill | 'nothing';
}

/** Kills the process, and looks at the books when another one has ended what it left. */
async function expectBillsAfterDeath(gateway: GatewayProcess, calls: readonly Call[]): Promise<void> {
  await processes.kill(gateway);
  const next = await start(100);
  await until(async () => (await openHolds(processes.pool)).length === 0);
  for (const { payer, bill } of calls) {
    await expectBill({ url: next.url, pool: processes.pool }, payer, bill);
  }
  await next.stop();
}

async function recorded(
  isRecorded: (hold: { sent: boolean; outputTokens: number }) => boolean,
  count: number,
) {
  await until(async () => (await openHolds(processes.pool)).filter(isRecorded).length === count);
}

describe('[charge.process-died] process died mid-way: the input and what had been generated, as far as it was recorded', () => {
  it('counted here where the upstream gave no count, and by its count where it did', async () => {
    const gateway = await start(100);
    const calls: Call[] = [];
    const begin = async (way: Way, sent: Sent, values: readonly unknown[], bill: Bill): Promise<void> => {
      const payer = await newPayer(gateway.client);
      const stalled = nextStalls(upstream, ...values);
      const stream = new OpenStream(await send(way, gateway, payer.key, sent));
      await stalled;
      await stream.shows('word word');
      calls.push({ payer, bill });
    };
    for (const [way, sent] of onBoth(STREAMS)) {
      await begin(way, sent, [SPOKEN], tokenBill(7, 100, true));
      await begin(way, sent, [SPOKEN, usageChunk(chatUsage(1_000, 500))], tokenBill(1_000, 500, true));
    }
    await recorded(({ outputTokens }) => outputTokens === 100, calls.length / 2);
    await recorded(({ outputTokens }) => outputTokens === 500, calls.length / 2);
    await expectBillsAfterDeath(gateway, calls);
  });
});

describe('process died after sending, nothing received: the input alone; before sending: nothing', () => {
  it('whole and streamed', async () => {
    // As many connections as the first calls take.
    const first = onBoth(FOREGROUND);
    const gateway = await start(first.length);
    const calls: Call[] = [];
    for (const [way, sent] of first) {
      const payer = await newPayer(gateway.client);
      const stalled = nextStalls(upstream);
      send(way, gateway, payer.key, sent).catch(() => undefined);
      await stalled;
      calls.push({ payer, bill: tokenBill(7, 0, true) });
    }
    for (const [way, sent] of onBoth([...FOREGROUND, ...WHOLE])) {
      const payer = await newPayer(gateway.client);
      send(way, gateway, payer.key, sent).catch(() => undefined);
      calls.push({ payer, bill: 'nothing' });
    }
    await recorded(({ sent }) => sent, first.length);
    await recorded(({ sent }) => !sent, calls.length - first.length);
    await expectBillsAfterDeath(gateway, calls);
    expect(upstream.requests).toHaveLength(first.length);
  });
});
