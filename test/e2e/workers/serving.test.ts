import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { chatChunk, chatUsage, sse, usageChunk } from '../../support/chat-wire.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { GatewayProcesses } from '../../support/gateway-processes.js';
import { ADMIN_TOKEN, fileFor } from '../../support/gateway.js';
import { openHolds, receipts } from '../../support/ledger-state.js';
import {
  refusal,
  startScriptedUpstream,
  type Exchange,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';
import { statusOf, untilWorkers, WorkerLine, workersOf } from '../../support/worker-line.js';

const REST = sse(
  chatChunk({ content: ' done' }),
  chatChunk({}, 'stop'),
  usageChunk(chatUsage(100, 50)),
  '[DONE]',
);

const processes = GatewayProcesses.forEachTest({ WORKERS: '3', LOG_LEVEL: 'info' });
let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(() => upstream.reset());
afterAll(() => upstream.close());

const start = (environment: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> =>
  processes.start({ environment, file: fileFor(upstream.url) });

/** Lines of the log that are JSON; a line that is torn is none. */
function logLines({ stdout }: GatewayProcess): readonly { pid: number; msg: string }[] {
  const lines = stdout.split('\n').filter((line) => line.includes('"level"'));
  return lines.map((line) => JSON.parse(line) as { pid: number; msg: string });
}

async function openStream(line: WorkerLine) {
  const arrived = new Promise<Exchange>((resolve) => {
    upstream.next(async (exchange) => {
      await exchange.send(sse(chatChunk({ role: 'assistant', content: 'Working' })));
      resolve(exchange);
    });
  });
  const stream = await line.chat({ stream: true });
  await stream.shows('Working');
  return { stream, exchange: await arrived };
}

async function expectCleanEnd(gateway: GatewayProcess): Promise<void> {
  expect(await gateway.exited).toBe(0);
  expect(await openHolds(processes.pool)).toEqual([]);
  expect((await processes.pool.query('SELECT FROM gateway_processes')).rowCount).toBe(0);
}

describe('a gateway with several workers', () => {
  it('serves one port from as many processes, and says once where', async () => {
    const gateway = await start();
    const { key } = await gateway.client.createKey();
    const pids = await workersOf(gateway);
    expect(pids).toHaveLength(3);
    const seen = new Set<number>();
    await Promise.all(
      pids.map(async (pid) => {
        const others = pids.filter((other) => other !== pid);
        const { line, pid: found } = await WorkerLine.open(gateway, key, others);
        seen.add(found);
        const answer = await line.chat();
        expect(answer.status).toBe(200);
        await answer.whole();
        line.close();
      }),
    );
    expect([...seen].sort()).toEqual([...pids].sort());
    expect(gateway.stdout.match(/is listening on/g)).toHaveLength(1);
    const { rows } = await processes.pool.query(
      'SELECT FROM gateway_processes WHERE lease_expires_at > now()',
    );
    expect(rows).toHaveLength(3);
    expect(logLines(gateway).length).toBeGreaterThan(5);
    gateway.signal('SIGTERM');
    await expectCleanEnd(gateway);
  });

  it('lets every stream end at a SIGTERM, whichever worker has it, and takes no new work meanwhile', async () => {
    const gateway = await start();
    const { key } = await gateway.client.createKey();
    const one = await WorkerLine.open(gateway, key);
    const other = await WorkerLine.open(gateway, key, [one.pid]);
    const streams = [await openStream(one.line), await openStream(other.line)];
    gateway.signal('SIGTERM');
    await until(async () => (await statusOf(fetch(`${gateway.url}/health/ready`))) === 503);
    await untilWorkers(gateway, 2);
    // Each in its own time: one that has not begun yet would send the call upstream.
    await until(() => gateway.stdout.split('draining: no new work').length === 4);
    await until(async () => (await statusOf(gateway.client.chat(key))) === 503);
    expect(upstream.requests).toHaveLength(2);
    for (const { stream, exchange } of streams) {
      exchange.end(REST);
      expect(await stream.whole()).toMatch(/compose\.receipt[\s\S]*\[DONE\]\s*$/);
    }
    await expectCleanEnd(gateway);
    expect(await receipts(processes.pool)).toEqual([
      { finalAmount: 202, estimated: false },
      { finalAmount: 202, estimated: false },
    ]);
  });

  it('cuts off what runs at a second signal', async () => {
    const gateway = await start({ SHUTDOWN_GRACE_MS: '60000' });
    const { key } = await gateway.client.createKey();
    const { line } = await WorkerLine.open(gateway, key);
    const { stream } = await openStream(line);
    gateway.signal('SIGINT');
    // A signal counts as another one only a second after the first.
    await sleep(1_100);
    gateway.signal('SIGINT');
    expect(await stream.whole()).toContain('compose.error');
    await expectCleanEnd(gateway);
  });

  it('reads its file again in every worker, by one SIGHUP', async () => {
    const gateway = await start({ LOG_LEVEL: 'debug' });
    const readings = (): readonly number[] =>
      logLines(gateway).flatMap(({ pid, msg }) => (msg.endsWith('says what it said before') ? [pid] : []));
    // Each worker looks again once when it has started.
    await until(() => readings().length === 3);
    gateway.signal('SIGHUP');
    await until(() => readings().length === 6);
    expect(readings().slice(3).sort()).toEqual([...(await workersOf(gateway))].sort());
  });

  it('tells of a target that fails for one worker, whichever is asked', async () => {
    const gateway = await start();
    const { key } = await gateway.client.createKey();
    upstream.always(refusal(500));
    const { line, pid } = await WorkerLine.open(gateway, key);
    for (let call = 0; call < 3; call += 1) await (await line.chat()).ended;
    const { line: elsewhere } = await WorkerLine.open(gateway, key, [pid]);
    for (const asked of [line, elsewhere]) {
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
      let targets: readonly unknown[] = [];
      // On a busy machine a worker may not answer in time, and then what it knows is left out.
      await until(async () => {
        const usage = await (await asked.ask('GET', '/admin/usage', { headers })).whole();
        ({ targets } = JSON.parse(usage) as { targets: readonly unknown[] });
        return targets.length > 0;
      });
      expect(targets).toMatchObject([{ provider: 'upstream', model: 'upstream-model', state: 'set_aside' }]);
      await until(async () => {
        const metrics = await (await asked.ask('GET', '/metrics')).whole();
        return /^slipstream_upstream_target_available\{.*\} 0$/m.test(metrics);
      });
    }
  });
});

describe('a gateway with several workers and its own database', () => {
  it('makes one first key, ends its PostgreSQL after its workers, and starts again', async () => {
    const { directory } = processes;
    const environment = { PORT: '0', WORKERS: '2', ADMIN_TOKEN };
    const gateway = await GatewayProcess.start({ directory, environment });
    const keys = [...gateway.stdout.matchAll(/^ {2}(compose-\S+)$/gm)].map(([, key = '']) => key);
    expect(keys).toHaveLength(1);
    const { line } = await WorkerLine.open(gateway, keys[0] ?? '');
    const answer = await line.chat({ model: 'sandbox/assistant' });
    expect(await answer.whole()).toContain('compose_receipt');
    gateway.signal('SIGTERM');
    expect(await gateway.exited).toBe(0);
    expect(existsSync(join(directory, 'data', 'postgres', 'postmaster.pid'))).toBe(false);
    expect(existsSync(join(directory, 'data', 'gateway.lock'))).toBe(false);
    const next = await GatewayProcess.start({ directory, environment });
    expect(next.stdout).not.toContain('compose-');
    await next.stop();
  });

  it('ends in order when it is told so in the middle of its start', async () => {
    const { directory } = processes;
    const gateway = await GatewayProcess.spawn({ directory, environment: { PORT: '0', WORKERS: '2' } });
    const postmaster = join(directory, 'data', 'postgres', 'postmaster.pid');
    await until(() => existsSync(postmaster) || !gateway.isRunning);
    gateway.signal('SIGTERM');
    expect(await gateway.exited).toBe(0);
    expect(existsSync(postmaster)).toBe(false);
    expect(existsSync(join(directory, 'data', 'gateway.lock'))).toBe(false);
  });
});

describe('a gateway with several workers that cannot start', () => {
  it('names each mistake of its configuration once, and does nothing', async () => {
    const { directory } = processes;
    const environment = { WORKERS: '3', PORT: 'eighty', LOG_LEVEL: 'loud' };
    const gateway = await GatewayProcess.spawn({ directory, environment });
    expect(await gateway.exited).toBe(1);
    for (const mistake of ['PORT', 'LOG_LEVEL']) expect(gateway.stderr.split(mistake)).toHaveLength(2);
    expect(gateway.stdout).toBe('');
    expect(existsSync(join(directory, 'data'))).toBe(false);
  });

  it('says in one line that its port is taken, and leaves no worker', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = squatter.address() as { port: number };
      const gateway = await GatewayProcess.spawn({
        directory: processes.directory,
        environment: { WORKERS: '2', PORT: String(port) },
      });
      expect(await gateway.exited).toBe(1);
      expect(gateway.stderr.trim().split('\n')).toHaveLength(1);
      expect(gateway.stderr).toContain('PORT');
      expect(existsSync(join(processes.directory, 'data', 'postgres'))).toBe(false);
    } finally {
      await new Promise((resolve) => squatter.close(resolve));
    }
  });

  it.each(['0', '65', 'many', '1.5'])('refuses WORKERS=%s', async (workers) => {
    const gateway = await GatewayProcess.spawn({
      directory: processes.directory,
      environment: { WORKERS: workers },
    });
    expect(await gateway.exited).toBe(1);
    expect(gateway.stderr).toContain('WORKERS: must be auto');
  });
});
