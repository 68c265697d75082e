import { expect, it } from '@jest/globals';
import type { GatewayClient } from '../support/gateway-client.js';
import { GatewayProcesses } from '../support/gateway-processes.js';

const processes = GatewayProcesses.forEachTest();

const COLLECTED = /ms: (Scavenge|Mark-Compact).*? [\d.]+ \([\d.]+\) -> ([\d.]+) \([\d.]+\) MB/;
const CALLERS = 16;
const WARM = 800;
const CALLS = 2_400;
/** KB a call. Node 20 keeps 12 for reasons of its own; where classes assign functions to their fields, all Nodes keep 8 more. */
const MOST = process.versions.node.startsWith('20.') ? 30 : 3;

async function manyCalls(client: GatewayClient, key: string, calls: number): Promise<void> {
  const each = Array.from({ length: CALLERS }, async () => {
    for (let call = 0; call < calls / CALLERS; call += 1)
      expect((await client.chat(key, { model: 'sandbox/echo' })).status).toBe(200);
  });
  await Promise.all(each);
}

/** By how much the heap grew over collections of young objects: what they made old, KB. */
function madeOld(output: string): number {
  let before: number | undefined;
  let sum = 0;
  for (const line of output.split('\n')) {
    const [, kind, after] = COLLECTED.exec(line) ?? [];
    if (after === undefined) continue;
    if (kind === 'Scavenge' && before !== undefined) sum += Number(after) - before;
    before = kind === 'Scavenge' ? Number(after) : undefined;
  }
  return sum * 1024;
}

it('leaves next to nothing of a call that only a collection of the whole heap could free', async () => {
  const gateway = await processes.start({ nodeOptions: ['--trace-gc'] });
  const { client } = gateway;
  const { key } = await client.createKey();
  await manyCalls(client, key, WARM);
  const before = gateway.stdout.length;
  await manyCalls(client, key, CALLS);
  expect(madeOld(gateway.stdout.slice(before)) / CALLS).toBeLessThan(MOST);
});
