import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { CachingUpstream } from '../../support/caching-upstream.js';
import { ADMIN_TOKEN, TestGateway } from '../../support/gateway.js';
import { until } from '../../support/until.js';

const KEYS = ['sk-first-secret', 'sk-second-secret', 'sk-third-secret'];

let upstream: CachingUpstream;
let gateway: TestGateway;
let key: string;
const log: string[] = [];

beforeAll(async () => {
  upstream = await CachingUpstream.start();
  gateway = await TestGateway.start({ file: fileWith(KEYS), log });
  ({ key } = await gateway.createKey());
});
afterAll(async () => {
  await gateway.close();
  await upstream.goDown();
});

function fileWith(keys: readonly string[], more: object = {}): object {
  return {
    providers: [{ id: 'upstream', type: 'openai', base_url: upstream.url, api_keys: keys, ...more }],
    models: [
      {
        id: 'test-model',
        targets: [{ provider: 'upstream', model: 'up' }],
        context_window: 100_000,
        max_output_tokens: 1_000,
        pricing: { input: 1, output: 2 },
      },
    ],
  };
}

async function askAll(count: number): Promise<readonly number[]> {
  const statuses = [];
  for (let conversation = 0; conversation < count; conversation += 1) {
    const messages = [{ role: 'user', content: `Conversation ${conversation}` }];
    const response = await gateway.chat(key, { messages });
    statuses.push(response.status);
    await response.text();
  }
  return statuses;
}

const seen = async (path: string): Promise<string> =>
  (await fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } })).text();

describe('a provider with three keys, one of them out of quota', () => {
  it('carries on with the others: no client sees an error, and operators see which one it is', async () => {
    upstream.spent.add(KEYS[1]!);
    expect(await askAll(40)).toEqual(Array.from({ length: 40 }, () => 200));
    const calls = (wanted: string): number => upstream.calls.filter((used) => used === wanted).length;
    expect(calls(KEYS[1]!)).toBe(1);
    expect(calls(KEYS[0]!) + calls(KEYS[2]!)).toBe(40);
    expect(Math.min(calls(KEYS[0]!), calls(KEYS[2]!))).toBeGreaterThan(5);

    const metrics = await seen('/metrics');
    expect(metrics).toContain(
      'slipstream_upstream_target_available{provider="upstream",model="up",key="2"} 0',
    );
    expect(JSON.parse(await seen('/admin/usage'))).toMatchObject({
      targets: [{ provider: 'upstream', model: 'up', key: 2, state: 'set_aside', failures_in_a_row: 1 }],
    });
    const lines = log.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter(({ msg }) => msg === 'an attempt at a provider failed')).toMatchObject([
      { provider: 'upstream', key: 2, upstream: { status: 429, code: 'insufficient_quota' } },
    ]);
    for (const text of [metrics, await seen('/admin/usage'), ...log])
      for (const secret of KEYS) expect(text).not.toContain(secret);
  });

  it('remembers it through a reload that changes something else', async () => {
    const path = join(gateway.directory, 'gateway.yaml');
    await writeFile(path, stringify(fileWith([KEYS[2]!, KEYS[1]!], { timeout_ms: 60_000 })));
    process.emit('SIGHUP');
    await until(() => log.some((line) => line.includes('Reloaded')));
    upstream.calls.length = 0;
    expect(await askAll(10)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(new Set(upstream.calls)).toEqual(new Set([KEYS[2]]));
    await writeFile(path, stringify(fileWith([KEYS[2]!, 'sk-fourth-secret'])));
    process.emit('SIGHUP');
    await until(async () => !(await seen('/metrics')).includes('target_available{'));
    await askAll(40);
    expect(new Set(upstream.calls)).toEqual(new Set([KEYS[2], 'sk-fourth-secret']));
  });
});
