import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { GatewayError } from '../errors/gateway-error.js';
import { LEASE_MS } from '../payments/lease-keeper.js';
import { Recurring } from '../payments/recurring.js';
import { toEnvelope } from './domain/response-json.js';
import { move } from './domain/status.js';
import { ResponseStore } from './response-store.js';

const ROUND = 200;

/** Writes the end of responses whose process died: their money was settled with their hold, this is what clients see. */
@Injectable()
export class LeftBehindResponses implements OnModuleInit {
  private readonly logger = new Logger(LeftBehindResponses.name);
  private readonly sweeps = new Recurring(
    () => this.sweep(),
    (failure) => this.logger.error({ msg: 'a sweep of responses failed', err: failure }),
  );

  constructor(
    private readonly store: ResponseStore,
    @Inject(LEASE_MS) private readonly leaseMs: number,
  ) {}

  onModuleInit(): void {
    this.sweeps.start(this.leaseMs / 3);
  }

  stop(): Promise<void> {
    return this.sweeps.stop();
  }

  async sweep(): Promise<void> {
    const { code, message } = new GatewayError('server_error');
    for (const { object } of await this.store.leftBehind(ROUND)) {
      const status = move(object.status, 'failed');
      const envelope = { ...toEnvelope(object), status, error: { code, message } };
      await this.store.finishLeftBehind({
        responseId: object.id,
        status,
        envelopeJson: JSON.stringify(envelope),
        output: [],
        events: [],
      });
    }
  }
}
