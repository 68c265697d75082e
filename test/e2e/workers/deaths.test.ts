import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { chatChunk, chatUsage, sse, usageChunk } from '../../support/chat-wire.js';
import { compileProject } from '../../support/compiled.js';
import type { GatewayProcess } from '../../support/gateway-process.js';
import { GatewayProcesses } from '../../support/gateway-processes.js';
import { fileFor } from '../../support/gateway.js';
import { openHolds, receipts, spentBy } from '../../support/ledger-state.js';
import {
  completion,
  startScriptedUpstream,
  type Exchange,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';
import { isAlive, statusOf, untilWorkers, WorkerLine, workersOf } from '../../support/worker-line.js';

/** Long enough for a worker that gets little of a busy machine. Others look each third of it for what the dead left. */
const LEASE = { LEASE_MS: '12000' };
const REST = sse(
  chatChunk({ content: ' done' }),
  chatChunk({}, 'stop'),
  usageChunk(chatUsage(100, 50)),
  '[DONE]',
);

const processes = GatewayProcesses.forEachTest({ WORKERS: '2', LOG_LEVEL: 'info' });
let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(() => upstream.reset());
afterAll(() => upstream.close());

const start = (environment: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> =>
  processes.start({ file: fileFor(upstream.url), environment });

/** The next call of the upstream, which says nothing more unless the test lets it. */
function nextCall(beginning?: string): Promise<Exchange> {
  return new Promise((resolve) => {
    upstream.next(async (exchange) => {
      if (beginning) await exchange.send(beginning);
      resolve(exchange);
    });
  });
}

async function openStream(line: WorkerLine) {
  const call = nextCall(sse(chatChunk({ role: 'assistant', content: 'word '.repeat(80) })));
  const stream = await line.chat({ stream: true });
  await stream.shows('word word');
  return { stream, exchange: await call };
}

/** The names in the books of those who have calls. */
async function holders(): Promise<readonly string[]> {
  const { rows } = await processes.pool.query<{ id: string }>('SELECT process_id AS id FROM holds');
  return rows.map(({ id }) => id);
}

/** Nobody waits for the end of its lease. */
async function kill(pid: number, name: string | undefined): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await until(() => !isAlive(pid));
  const { rowCount } = await processes.pool.query(
    'UPDATE gateway_processes SET lease_expires_at = now() WHERE id = $1',
    [name],
  );
  expect(rowCount).toBe(1);
}

describe('a worker that is killed', () => {
  it('takes only its own calls with it, is replaced, and is settled for by the others', async () => {
    const gateway = await start(LEASE);
    const { key } = await gateway.client.createKey();
    const doomed = await WorkerLine.open(gateway, key);
    const other = await WorkerLine.open(gateway, key, [doomed.pid]);
    const lost = await openStream(doomed.line);
    const [name] = await holders();
    const kept = await openStream(other.line);
    await until(async () =>
      (await openHolds(processes.pool)).every(({ outputTokens }) => outputTokens === 100),
    );
    await kill(doomed.pid, name);
    await expect(lost.stream.ended).rejects.toThrow();
    await untilWorkers(gateway, 2);
    const successor = await WorkerLine.open(gateway, key, [other.pid]);
    expect(successor.pid).not.toBe(doomed.pid);
    expect((await successor.line.chat()).status).toBe(200);
    kept.exchange.end(REST);
    expect(await kept.stream.whole()).toMatch(/compose\.receipt[\s\S]*\[DONE\]\s*$/);
    await until(async () => (await openHolds(processes.pool)).length === 0);
    expect((await receipts(processes.pool)).filter(({ estimated }) => estimated)).toHaveLength(1);
    await gateway.stop();
  });

  it('has its background response run again by another one, and charged once', async () => {
    const gateway = await start(LEASE);
    const { id: keyId, key } = await gateway.client.createKey();
    const doomed = await WorkerLine.open(gateway, key);
    const firstCall = nextCall();
    const body = { model: 'test-model', input: 'Hi', background: true };
    const accepted = await doomed.line.ask('POST', '/external/v1/responses', { body });
    const { id } = JSON.parse(await accepted.whole()) as { id: string };
    const { line } = await WorkerLine.open(gateway, key, [doomed.pid]);
    const status = async (): Promise<string> => {
      const answer = await line.ask('GET', `/external/v1/responses/${id}`);
      return (JSON.parse(await answer.whole()) as { status: string }).status;
    };
    await firstCall;
    await until(async () => (await status()) === 'in_progress');
    const secondCall = nextCall();
    const [name] = await holders();
    await kill(doomed.pid, name);
    await completion('Done.', chatUsage(100, 50))(await secondCall);
    await until(async () => (await status()) === 'completed');
    expect(await receipts(processes.pool)).toEqual([{ finalAmount: 202, estimated: false }]);
    expect(await spentBy(processes.pool, keyId)).toBe(202);
    await gateway.stop();
  });

  it('leaves in the metrics what it had counted', async () => {
    const gateway = await start();
    const { key } = await gateway.client.createKey();
    const doomed = await WorkerLine.open(gateway, key);
    const { line, pid } = await WorkerLine.open(gateway, key, [doomed.pid]);
    for (const one of [doomed.line, doomed.line, line]) await (await one.chat()).ended;
    const metrics = async (): Promise<string> => (await line.ask('GET', '/metrics')).whole();
    const calls = async (): Promise<number> =>
      Number(/^slipstream_calls_total\{.*outcome="completed".*\} (\d+)$/m.exec(await metrics())?.[1]);
    await until(async () => (await metrics()).includes('slipstream_workers{state="serving"} 2'));
    expect(await calls()).toBe(3);
    process.kill(doomed.pid, 'SIGKILL');
    await until(() => !isAlive(doomed.pid));
    expect(await calls()).toBe(3);
    const successor = await WorkerLine.open(gateway, key, [pid]);
    const answer = await successor.line.chat();
    expect(answer.status).toBe(200);
    await answer.ended;
    // On a busy machine a worker may not answer in time; what it has counted comes with its next answer.
    await until(async () => (await calls()) === 4);
    const all = await metrics();
    expect(all).toContain('slipstream_worker_deaths_total 1');
    expect(all).toMatch(/^slipstream_call_duration_seconds_count\{.*\} 4$/m);
    await gateway.stop();
  });

  it('is counted as it was last heard while it stands still, and does not keep others waiting', async () => {
    const gateway = await start();
    const { key } = await gateway.client.createKey();
    const still = await WorkerLine.open(gateway, key);
    const { line } = await WorkerLine.open(gateway, key, [still.pid]);
    for (const one of [still.line, line]) await (await one.chat()).ended;
    const metrics = async (): Promise<string> => (await line.ask('GET', '/metrics')).whole();
    const counted = /^slipstream_calls_total\{.*\} 2$/m;
    await until(async () => counted.test(await metrics()));
    process.kill(still.pid, 'SIGSTOP');
    const meanwhile = await metrics();
    expect(meanwhile).toMatch(counted);
    expect(meanwhile).toContain('slipstream_workers{state="silent"} 1');
    process.kill(still.pid, 'SIGCONT');
    await until(async () => (await metrics()).includes('slipstream_workers{state="silent"} 0'));
    await gateway.stop();
  });

  it('that was asked to end by an operator is replaced as well', async () => {
    const gateway = await start();
    const { key } = await gateway.client.createKey();
    const { pid } = await WorkerLine.open(gateway, key);
    const other = await WorkerLine.open(gateway, key, [pid]);
    process.kill(pid, 'SIGTERM');
    await until(() => !isAlive(pid));
    await untilWorkers(gateway, 2);
    expect((await WorkerLine.open(gateway, key, [other.pid])).pid).not.toBe(pid);
    await gateway.stop();
  });
});

describe('a primary that is killed', () => {
  it('is missed by its workers, who let their calls end and then end themselves', async () => {
    const gateway = await start();
    const { key } = await gateway.client.createKey();
    const { line } = await WorkerLine.open(gateway, key);
    const pids = await workersOf(gateway);
    const { stream, exchange } = await openStream(line);
    gateway.signal('SIGKILL');
    await until(() => pids.filter(isAlive).length === 1);
    exchange.end(REST);
    expect(await stream.whole()).toMatch(/compose\.receipt[\s\S]*\[DONE\]\s*$/);
    await until(() => !pids.some(isAlive));
    expect(await openHolds(processes.pool)).toEqual([]);
    expect((await processes.pool.query('SELECT FROM gateway_processes')).rowCount).toBe(0);
    expect(await receipts(processes.pool)).toEqual([{ finalAmount: 202, estimated: false }]);
  });
});

describe('workers that end at once', () => {
  const breakFile = (): Promise<void> => writeFile(join(processes.directory, 'gateway.yaml'), 'bananas: 1\n');

  it('are started again until they can serve', async () => {
    const gateway = await start();
    const [doomed = NaN] = await workersOf(gateway);
    await breakFile();
    process.kill(doomed, 'SIGKILL');
    await until(() => gateway.stderr.includes('bananas'));
    expect((await gateway.client.createKey()).key).toContain('compose-');
    await writeFile(join(processes.directory, 'gateway.yaml'), stringify(fileFor(upstream.url)));
    const { key } = await gateway.client.createKey();
    const [survivor = NaN] = await workersOf(gateway);
    const successor = await WorkerLine.open(gateway, key, [survivor]);
    expect((await successor.line.chat()).status).toBe(200);
    await gateway.stop();
  });

  it('are given up in the end: the others drain, and the gateway fails', async () => {
    const gateway = await processes.start({
      file: fileFor(upstream.url),
      program: ['test/support/reluctant-workers.js', await compileProject(), '10', '2'],
    });
    const { key } = await gateway.client.createKey();
    const doomed = await WorkerLine.open(gateway, key);
    const { line } = await WorkerLine.open(gateway, key, [doomed.pid]);
    const { stream, exchange } = await openStream(line);
    await breakFile();
    process.kill(doomed.pid, 'SIGKILL');
    await until(async () => (await statusOf(fetch(`${gateway.url}/health/ready`))) === 503);
    exchange.end(REST);
    expect(await stream.whole()).toMatch(/compose\.receipt[\s\S]*\[DONE\]\s*$/);
    expect(await gateway.exited).toBe(1);
    expect(gateway.stderr).toContain('Workers end at once, again and again');
    expect(await openHolds(processes.pool)).toEqual([]);
  });
});
