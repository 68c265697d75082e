import pg from 'pg';
import type { PrimaryFinder } from './find-primary.js';
import { requireWrites } from './server-question.js';

type Connected = (failure: Error | null, client?: pg.Client) => void;

/**
 * The class of connections that go to the server that takes writes, as a pool needs it; undefined when there is one
 * server, to which they all go.
 */
export function primaryClient(
  finder: PrimaryFinder,
): (new (config?: pg.ClientConfig) => pg.Client) | undefined {
  if (!finder.isNeeded) return undefined;
  return class PrimaryClient extends pg.Client {
    override connect(): Promise<pg.Client>;
    override connect(
      callback: ((failure: Error) => void) | ((failure: null, client: pg.Client) => void),
    ): void;
    override connect(callback?: unknown): Promise<pg.Client> | void {
      const connected = this.connectToPrimary();
      if (typeof callback !== 'function') return connected;
      const tell = callback as Connected;
      connected.then(
        (client) => process.nextTick(tell, null, client),
        (failure: unknown) => process.nextTick(tell, failure),
      );
    }

    private async connectToPrimary(): Promise<pg.Client> {
      const { host, port } = await finder.find();
      // Whoever waits may have given up in the meantime.
      if (this.connection.stream.destroyed) throw new Error('the search took too long');
      this.host = host;
      this.port = port;
      const ignore = (): void => undefined;
      this.on('error', ignore);
      try {
        await super.connect();
        // What listens there may be a proxy, which chooses a server for each connection.
        await requireWrites(this);
      } catch (failure) {
        finder.forget();
        void this.end().catch(ignore);
        throw failure;
      } finally {
        this.off('error', ignore);
      }
      return this;
    }
  };
}
