import type { ConnectionPool } from './connection-pool.js';

interface Shared {
  readonly pool: ConnectionPool;
  users: number;
}

const pools = new WeakMap<object, Map<string, Shared>>();

/**
 * The part of one user in a pool that several share: clients with different keys of one provider share its
 * connections, so that its limit of sockets holds for all of them together. The pool ends with its last user.
 */
export class PoolShare {
  private ended: Promise<void> | undefined;
  private isLast = false;

  private constructor(
    private readonly shared: Shared,
    private readonly forget: () => void,
  ) {
    shared.users += 1;
  }

  /** @param owner users with the same owner and name share one pool */
  static of(owner: object, name: string, make: () => ConnectionPool): PoolShare {
    const ofOwner = pools.get(owner) ?? new Map<string, Shared>();
    pools.set(owner, ofOwner);
    const shared = ofOwner.get(name) ?? { pool: make(), users: 0 };
    ofOwner.set(name, shared);
    return new PoolShare(shared, () => ofOwner.delete(name));
  }

  readonly run: ConnectionPool['run'] = (...call) => this.shared.pool.run(...call);

  /** Resolves at once while others use the pool, else when their calls and its own have ended. */
  close(): Promise<void> {
    return (this.ended ??= this.leave());
  }

  /** Aborts the calls that still run, if nobody else uses the pool. */
  async destroy(): Promise<void> {
    const ended = this.close();
    if (this.isLast) await this.shared.pool.destroy();
    await ended;
  }

  private leave(): Promise<void> {
    this.shared.users -= 1;
    this.isLast = this.shared.users === 0;
    if (!this.isLast) return Promise.resolve();
    this.forget();
    return this.shared.pool.close();
  }
}
