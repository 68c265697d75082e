import 'reflect-metadata';
import { Global, Logger, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { DatabaseProbe } from '../../../src/base/database-probe.js';
import { Drain } from '../../../src/http/health/drain.js';
import { HealthModule } from '../../../src/http/health/health.module.js';

class ScriptedProbe extends DatabaseProbe {
  pings = 0;
  answer: () => Promise<void> = () => Promise.resolve();

  override ping(): Promise<void> {
    this.pings += 1;
    return this.answer();
  }
}

Logger.overrideLogger(false);

const probe = new ScriptedProbe();

@Global()
@Module({ providers: [{ provide: DatabaseProbe, useValue: probe }], exports: [DatabaseProbe] })
class ProbeModule {}

@Module({ imports: [ProbeModule, HealthModule] })
class TestModule {}

let application: INestApplication | undefined;

afterEach(async () => {
  await application?.close();
  probe.pings = 0;
  probe.answer = () => Promise.resolve();
});

async function start(): Promise<{ url: string; drain: Drain }> {
  application = await NestFactory.create(TestModule);
  await application.listen(0, '127.0.0.1');
  return { url: await application.getUrl(), drain: application.get(Drain) };
}

async function get(url: string): Promise<{ status: number; body: unknown }> {
  const { statusCode, body } = await request(url);
  return { status: statusCode, body: await body.json() };
}

describe('health', () => {
  it('is live and ready while the database answers', async () => {
    const { url } = await start();
    expect(await get(`${url}/health/live`)).toEqual({ status: 200, body: { status: 'ok' } });
    expect(await get(`${url}/health/ready`)).toEqual({ status: 200, body: { status: 'ok' } });
  });

  it('is live but not ready while the database fails, and ready again after that', async () => {
    const { url } = await start();
    probe.answer = () => Promise.reject(new Error('connection refused'));
    const unavailable = { status: 503, body: { status: 'unavailable', reason: 'database' } };
    expect(await get(`${url}/health/ready`)).toEqual(unavailable);
    expect((await get(`${url}/health/live`)).status).toBe(200);
    probe.answer = () => Promise.resolve();
    expect((await get(`${url}/health/ready`)).status).toBe(200);
  });

  it('waits two seconds at most, with one ping for all who ask', async () => {
    const { url } = await start();
    let release: (() => void) | undefined;
    probe.answer = () => new Promise((resolve) => (release = resolve));
    const began = performance.now();
    const answers = await Promise.all([get(`${url}/health/ready`), get(`${url}/health/ready`)]);
    const elapsedMs = performance.now() - began;
    expect(answers.map(({ status }) => status)).toEqual([503, 503]);
    expect(elapsedMs).toBeGreaterThan(1_900);
    expect(elapsedMs).toBeLessThan(20_000);
    expect(probe.pings).toBe(1);
    release?.();
    probe.answer = () => Promise.resolve();
    expect((await get(`${url}/health/ready`)).status).toBe(200);
  });

  it('is not ready while draining, without asking the database', async () => {
    const { url, drain } = await start();
    drain.stop();
    expect(await get(`${url}/health/ready`)).toEqual({
      status: 503,
      body: { status: 'unavailable', reason: 'draining' },
    });
    expect((await get(`${url}/health/live`)).status).toBe(200);
    expect(probe.pings).toBe(0);
  });
});
