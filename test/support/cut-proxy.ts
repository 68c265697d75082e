import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Transform } from 'node:stream';

interface Trap {
  /** What the statement contains. PostgreSQL is told a prepared one's text when a connection first uses it. */
  readonly text: string;
  /** Whether the database never gets the statement, or gets it and its answer never comes back. */
  readonly holdsBack: 'statement' | 'answer';
  readonly sprung: () => void;
}

/** Stands between the gateway and its PostgreSQL, and can be cut. */
export class CutProxy {
  private readonly sockets = new Set<Socket>();
  private isCut = false;
  private trap: Trap | undefined;
  private readonly server: Server;

  private constructor(private readonly target: URL) {
    this.server = createServer((client) => {
      this.own(client);
      if (this.isCut) {
        client.resetAndDestroy();
        return;
      }
      const server = connect(Number(this.target.port), this.target.hostname);
      this.own(server);
      client.pipe(this.statements(server, client)).pipe(server).pipe(client);
      client.once('close', () => server.destroy());
      server.once('close', () => client.destroy());
    });
  }

  static async before(databaseUrl: string): Promise<CutProxy> {
    const proxy = new CutProxy(new URL(databaseUrl));
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** The database's URL by way of the proxy. */
  get url(): string {
    const url = new URL(this.target.href);
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  /** Breaks every connection and refuses new ones. */
  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** Lets nothing through any more on the connections that there are, and tells nobody; new ones work. */
  silence(): void {
    for (const socket of this.sockets) socket.unpipe().pause();
  }

  /** Resolves when the next such statement, or the answer to it, is held back, for ever. */
  holdBack(holdsBack: Trap['holdsBack'], text: string): Promise<void> {
    return new Promise((sprung) => (this.trap = { text, holdsBack, sprung }));
  }

  mend(): void {
    this.isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private statements(server: Socket, client: Socket): Transform {
    return new Transform({
      transform: (bytes: Buffer, _encoding, pass) => {
        const { trap } = this;
        if (!trap || !bytes.includes(trap.text)) return pass(null, bytes);
        this.trap = undefined;
        if (trap.holdsBack === 'statement') return trap.sprung();
        server.unpipe(client);
        server.once('data', () => trap.sprung()).resume();
        pass(null, bytes);
      },
    });
  }

  private own(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.sockets.delete(socket));
  }
}
