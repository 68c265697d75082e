import type { buildConnector, Dispatcher } from 'undici';
import Client from 'undici/lib/dispatcher/client.js';
import { ReadGate } from './read-gate.js';
import type { UpstreamCall } from './upstream-call.js';

/** A connection to one origin, made when it is first used, with one call at a time. */
export class Connection {
  private readonly gate = new ReadGate();
  private readonly client: Client;

  constructor(origin: string, connect: buildConnector.connector, options: Client.Options = {}) {
    this.client = new Client(origin, {
      ...options,
      connect: this.gate.before(connect),
      // The gateway has its own timeouts: those of undici do not know whether a reader is waiting.
      headersTimeout: 0,
      bodyTimeout: 0,
      pipelining: 1,
    });
  }

  dispatch(request: Dispatcher.DispatchOptions, call: UpstreamCall): void {
    call.readThrough(this.gate);
    this.client.dispatch(request, call);
  }

  /** Resolves when it is closed. Its call fails with the reason. */
  async destroy(reason: Error | null = null): Promise<void> {
    await this.client.destroy(reason);
  }
}
