import type { buildConnector, Dispatcher } from 'undici';
import { Connection } from './connection.js';
import type { UpstreamCall } from './upstream-call.js';

export interface ConnectionOptions {
  /** Uses a new connection, so that the request is not lost on one that the upstream has just closed. */
  readonly fresh?: boolean | undefined;
  /** Awaited when a connection is free: nothing is sent before it resolves, or when it rejects. */
  readonly beforeSending?: (() => Promise<void>) | undefined;
}

/** An idle socket is kept this long, unless the upstream announces a shorter time. */
const KEEP_ALIVE_MS = 30_000;

interface Waiting {
  readonly request: Dispatcher.DispatchOptions;
  readonly call: UpstreamCall;
  readonly options: ConnectionOptions;
}

/**
 * Connections to one origin, each with one call at a time. When a call ends well, its connection serves the next
 * call; otherwise the connection is closed. undici's Pool is not used, because it connects once more for an aborted
 * call and keeps the unused connection (nodejs/undici#5845).
 */
export class ConnectionPool {
  private readonly idle: Connection[] = [];
  private readonly busy = new Set<Connection>();
  /** Calls beyond `maxConnections`, in order of arrival; bounded by the calls that the gateway runs. */
  private readonly waiting = new Set<Waiting>();
  private closed: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(
    private readonly origin: string,
    private readonly maxConnections: number,
    private readonly connect: buildConnector.connector,
  ) {}

  /** Runs the call as soon as a connection is free. */
  run(request: Dispatcher.DispatchOptions, call: UpstreamCall, options: ConnectionOptions = {}): void {
    if (this.closed) {
      call.abort(new Error('the connections to the provider are closed'));
      return;
    }
    if (this.busy.size < this.maxConnections) {
      this.start(request, call, options);
      return;
    }
    const entry: Waiting = { request, call, options };
    this.waiting.add(entry);
    call.onEnd(() => {
      this.waiting.delete(entry);
      this.checkClosed();
    });
  }

  /** Takes no more calls; resolves when the running and the waiting ones have ended and no connection is left. */
  close(): Promise<void> {
    if (!this.closed) {
      let resolve = (): void => undefined;
      const promise = new Promise<void>((done) => (resolve = done));
      this.closed = { promise, resolve };
      for (const connection of this.idle.splice(0)) void connection.destroy();
      this.checkClosed();
    }
    return this.closed.promise;
  }

  /** Aborts the calls that still run or wait. */
  async destroy(): Promise<void> {
    const closed = this.close();
    const broken = new Error('the connections to the provider were closed');
    for (const { call } of this.waiting) call.abort(broken);
    await Promise.all([...this.busy].map((connection) => connection.destroy(broken)));
    await closed;
  }

  private start(
    request: Dispatcher.DispatchOptions,
    call: UpstreamCall,
    { fresh = false, beforeSending }: ConnectionOptions,
  ): void {
    const idle = this.idle.pop();
    if (fresh) void idle?.destroy();
    const connection = (fresh ? undefined : idle) ?? this.newConnection();
    this.busy.add(connection);
    call.onEnd((failure) => this.free(connection, failure));
    if (!beforeSending) {
      connection.dispatch(request, call);
      return;
    }
    // A call that is aborted in the meantime has destroyed its connection, which then sends nothing.
    beforeSending().then(
      () => connection.dispatch(request, call),
      (failure: unknown) => call.abort(failure as Error),
    );
  }

  private newConnection(): Connection {
    return new Connection(this.origin, this.connect, { keepAliveTimeout: KEEP_ALIVE_MS });
  }

  private free(connection: Connection, failure: Error | undefined): void {
    this.busy.delete(connection);
    if (failure) void connection.destroy(failure);
    else if (this.closed) void connection.destroy();
    else this.idle.push(connection);
    const [next] = this.waiting;
    if (next) {
      this.waiting.delete(next);
      this.start(next.request, next.call, next.options);
    }
    this.checkClosed();
  }

  private checkClosed(): void {
    if (this.busy.size === 0 && this.waiting.size === 0) this.closed?.resolve();
  }
}
