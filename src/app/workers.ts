import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { Recurring } from '../base/work/recurring.js';
import {
  DUTY,
  EACH_THIRD_OF_A_LEASE,
  LivesIn,
  PHASES,
  type Duty,
  type Phase,
  type Worker,
} from '../base/work/worker.js';
import { PaymentSettings } from '../payments/settings.js';

interface Placed {
  readonly phase: Phase;
  readonly worker: Worker;
}

/** All workers of the process, found by their decorators. */
@Injectable()
export class Workers implements OnApplicationBootstrap {
  private readonly logger = new Logger(Workers.name);
  private readonly placed: Placed[] = [];

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
    private readonly settings: PaymentSettings,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    // One instance may be registered under several names.
    const instances = new Set(this.discovery.getProviders().map(({ instance }): unknown => instance));
    for (const instance of instances)
      if (typeof instance === 'object' && instance !== null) this.place(instance);
    for (const phase of PHASES.toReversed()) for (const worker of this.of(phase)) await worker.start?.();
  }

  /** Resolves when no work is running that somebody waits for. */
  async whenIdle(): Promise<void> {
    await Promise.all(this.placed.map(async ({ worker }) => worker.whenIdle?.()));
  }

  cutOff(): void {
    for (const { worker } of this.placed) worker.cutOff?.();
  }

  async stop(phase: Phase): Promise<void> {
    await Promise.all(this.of(phase).map(async (worker) => worker.stop?.()));
  }

  private of(phase: Phase): readonly Worker[] {
    return this.placed.flatMap((placed) => (placed.phase === phase ? [placed.worker] : []));
  }

  private place(instance: object): void {
    const phase = this.reflector.get(LivesIn, instance.constructor) as Phase | undefined;
    if (phase) this.placed.push({ phase, worker: instance });
    const methods = instance as Record<string, (signal: AbortSignal) => Promise<unknown>>;
    for (const name of this.scanner.getAllMethodNames(Object.getPrototypeOf(instance) as object)) {
      const method = methods[name];
      const duty = method && (Reflect.getMetadata(DUTY, method) as Duty | undefined);
      if (duty) this.placed.push(this.recurring(duty, method.bind(instance)));
    }
  }

  private recurring({ name, every, phase }: Duty, work: (signal: AbortSignal) => Promise<unknown>): Placed {
    const everyMs = every === EACH_THIRD_OF_A_LEASE ? this.settings.leaseMs / 3 : every;
    const recurring = new Recurring(work, (failure) =>
      this.logger.error({ msg: `${name} failed`, err: failure }),
    );
    return { phase, worker: { start: () => recurring.start(everyMs), stop: () => recurring.stop() } };
  }
}
