import { describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { DiscoveryModule, NestFactory } from '@nestjs/core';
import { Workers } from '../../src/app/workers.js';
import { EACH_THIRD_OF_A_LEASE, LivesIn, PHASES, Recurs, type Worker } from '../../src/base/work/worker.js';
import { PaymentSettings } from '../../src/payments/settings.js';
import { until } from '../support/until.js';

const said: string[] = [];
const signals: AbortSignal[] = [];

@Injectable()
@LivesIn('lease')
class Lease implements Worker {
  async start(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    said.push('the lease begins');
  }

  stop(): void {
    said.push('the lease ends');
  }
}

@Injectable()
@LivesIn('calls')
class Calls implements Worker {
  private end: () => void = () => undefined;
  private readonly ended = new Promise<void>((resolve) => (this.end = resolve));

  start(): void {
    said.push('calls begin');
  }

  whenIdle(): Promise<void> {
    return this.ended;
  }

  cutOff(): void {
    said.push('calls are cut off');
    this.end();
  }
}

@Injectable()
class Upkeep {
  turns = 0;

  @Recurs({ name: 'upkeep', every: EACH_THIRD_OF_A_LEASE, phase: 'upkeep' })
  keepUp(signal: AbortSignal): Promise<void> {
    this.turns += 1;
    signals.push(signal);
    return Promise.reject(new Error('it goes on nevertheless'));
  }
}

const ALIAS = 'the lease by another name';

@Module({
  imports: [DiscoveryModule],
  providers: [
    { provide: PaymentSettings, useValue: { leaseMs: 6 } },
    { provide: ALIAS, useExisting: Lease },
    Workers,
    Upkeep,
    Calls,
    Lease,
  ],
})
class WorkingModule {}

describe('workers', () => {
  it('begin with what others stand on, and end in the reverse order', async () => {
    const app = await NestFactory.createApplicationContext(WorkingModule, { logger: false });
    const workers = app.get(Workers);
    const upkeep = app.get(Upkeep);
    expect(said).toEqual(['the lease begins', 'calls begin']);
    await until(() => upkeep.turns >= 2);
    expect(signals[0]?.aborted).toBe(false);

    const idle = workers.whenIdle().then(() => said.push('idle'));
    await workers.stop('intake');
    workers.cutOff();
    await idle;
    for (const phase of PHASES) await workers.stop(phase);
    expect(said).toEqual(['the lease begins', 'calls begin', 'calls are cut off', 'idle', 'the lease ends']);
    expect(signals[0]?.aborted).toBe(true);
    const { turns } = upkeep;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(upkeep.turns).toBe(turns);
    await app.close();
  });
});
