import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { baseUrlOf, type DialectWire, DIALECT_WIRES, saysOver, wireOf } from '../../support/dialect-wires.js';
import { ADMIN_TOKEN, TestGateway } from '../../support/gateway.js';
import {
  type Exchange,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../../support/scripted-upstream.js';

/** So far from the moment at which a limit was told may the end of it be that is shown. */
const TOLERANCE_MS = 20_000;

interface Form {
  readonly name: string;
  readonly waitMs: number;
  readonly headers?: () => Readonly<Record<string, string>>;
  /** Of the error, beside what it always has. */
  readonly error?: JsonObject;
  /** Only over this wire. */
  readonly wire?: string;
}

const FORMS: readonly Form[] = [
  { name: 'seconds', waitMs: 100_000, headers: () => ({ 'retry-after': '100' }) },
  {
    name: 'a date',
    waitMs: 200_000,
    headers: () => ({ 'retry-after': new Date(Date.now() + 200_000).toUTCString() }),
  },
  {
    name: 'milliseconds',
    waitMs: 300_000,
    headers: () => ({ 'retry-after-ms': '300000', 'retry-after': '1' }),
  },
  { name: 'milliseconds of Azure', waitMs: 400_000, headers: () => ({ 'x-ms-retry-after-ms': '400000' }) },
  {
    name: 'a detail of the error',
    waitMs: 500_000,
    wire: 'gemini',
    error: {
      details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '500.25s' }],
    },
  },
];

const CASES = DIALECT_WIRES.flatMap((wire) =>
  FORMS.flatMap((form, number) =>
    form.wire === undefined || form.wire === wire.name
      ? [{ wire, form, model: `${wire.name}-${number}`, name: form.name }]
      : [],
  ),
);

let upstream: ScriptedUpstream;
let other: ScriptedUpstream;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  [upstream, other] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
  const says = (exchange: Exchange): void =>
    saysOver(wireOf(exchange), ['Hello'], { input: 10, output: 5 })(exchange);
  other.always(says);
  const providerAt = (wire: DialectWire, { url }: ScriptedUpstream, id: string): object => ({
    ...wire.provider,
    ...{ id, api_key: 'sk-hidden', base_url: baseUrlOf(wire, { url }) },
  });
  gateway = await TestGateway.start({
    file: {
      providers: DIALECT_WIRES.flatMap((wire) => [
        providerAt(wire, upstream, wire.name),
        providerAt(wire, other, `${wire.name}-other`),
      ]),
      models: CASES.map(({ wire, model }) => ({
        id: model,
        targets: [
          { provider: wire.name, model, priority: 1 },
          { provider: `${wire.name}-other`, model, priority: 2 },
        ],
        ...{ context_window: 100_000, max_output_tokens: 1_000, pricing: 'free' },
      })),
    },
  });
  ({ key } = await gateway.createKey());
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([upstream.close(), other.close()]);
});

interface SetAside {
  readonly model: string;
  readonly state: string;
  readonly until: string;
}

async function setAside(model: string): Promise<SetAside | undefined> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const response = await fetch(`${gateway.url}/admin/usage`, { headers });
  const { targets } = (await response.json()) as { targets: readonly SetAside[] };
  return targets.find((target) => target.model === model);
}

describe('a target that is limited and tells how long', () => {
  it.each(CASES)('in $name is left alone that long, for $model', async ({ wire, form, model }) => {
    upstream.reset();
    upstream.always((exchange) => {
      const error = { ...wire.error(429, 'Slow down.'), ...form.error };
      exchange.json(wire.refusal(error), 429, form.headers?.() ?? {});
    });
    for (let call = 0; call < 3; call += 1) {
      const response = await gateway.chat(key, { model });
      expect(response.headers.get('x-compose-upstream-provider')).toBe(`${wire.name}-other`);
      await response.text();
    }
    expect(upstream.requests).toHaveLength(1);
    const found = await setAside(model);
    expect(found?.state).toBe('set_aside');
    const leftMs = Date.parse(found?.until ?? '') - Date.now();
    expect(Math.abs(leftMs - form.waitMs)).toBeLessThan(TOLERANCE_MS);
  });
});
