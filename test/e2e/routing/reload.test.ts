import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { baseUrlOf, type DialectWire, DIALECT_WIRES, saysOver, wireOf } from '../../support/dialect-wires.js';
import { TestGateway } from '../../support/gateway.js';
import {
  type Exchange,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';

const USED = { input: 10, output: 5 };

let before: ScriptedUpstream;
let behind: ScriptedUpstream;
let gateway: TestGateway;
let key: string;
const log: string[] = [];

beforeAll(async () => {
  [before, behind] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
  behind.always((exchange) => saysOver(wireOf(exchange), ['Elsewhere'], USED)(exchange));
  gateway = await TestGateway.start({ file: fileAt(before, 'old'), log });
  ({ key } = await gateway.createKey({ budget_limit: '1000000' }));
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([before.close(), behind.close()]);
});

/** @param name in front of the ids of all providers */
function fileAt(upstream: ScriptedUpstream, name: string): object {
  const idOf = (wire: DialectWire): string => `${name}-${wire.name}`;
  return {
    providers: DIALECT_WIRES.map((wire) => ({
      ...wire.provider,
      ...{ id: idOf(wire), api_key: `sk-${name}`, base_url: baseUrlOf(wire, upstream) },
    })),
    models: DIALECT_WIRES.map((wire) => ({
      id: wire.name,
      targets: [{ provider: idOf(wire), model: 'up' }],
      ...{ context_window: 100_000, max_output_tokens: 1_000, pricing: { input: 1, output: 2 } },
    })),
  };
}

describe('a file whose providers all go while they speak', () => {
  it('lets every stream end where it began, and sends the next calls to the new ones', async () => {
    let goOn = (): void => undefined;
    const reloaded = new Promise<void>((resolve) => (goOn = resolve));
    before.always(async (exchange: Exchange) => {
      const wire = wireOf(exchange);
      await exchange.send(wire.start + wire.word('Still '));
      await reloaded;
      exchange.end(wire.word('here.') + wire.end(USED));
    });
    const streams = DIALECT_WIRES.map(async ({ name: model }) => {
      const response = await gateway.chat(key, { model, stream: true });
      return response.text();
    });
    await before.arrived(DIALECT_WIRES.length - 1);
    await until(() => gateway.runningCalls === DIALECT_WIRES.length);
    await writeFile(join(gateway.directory, 'gateway.yaml'), stringify(fileAt(behind, 'new')));
    process.emit('SIGHUP');
    await until(() => log.some((line) => line.includes('Reloaded')));

    for (const { name: model } of DIALECT_WIRES) {
      const response = await gateway.chat(key, { model });
      expect(response.headers.get('x-compose-upstream-provider')).toBe(`new-${model}`);
      expect(await response.text()).toContain('Elsewhere');
    }
    expect(gateway.runningCalls).toBe(DIALECT_WIRES.length);
    goOn();
    for (const text of await Promise.all(streams)) {
      expect(text).toContain('"content":"Still "');
      expect(text).toContain('"content":"here."');
      expect(text).not.toContain('"error"');
      expect(text).toContain('"finalAmountWei":"21"');
    }
    expect(before.requests).toHaveLength(DIALECT_WIRES.length);
  });
});
