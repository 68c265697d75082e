import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * How often it looks whether the gateway has said anything. It runs in the gateway's process: after a stall of both,
 * what was said meanwhile is read before the next look, and a single timer would have cut it.
 */
const LOOKS = 6;

/**
 * Stands in front of the gateway as a balancer does, and cuts every connection on which the gateway has said nothing
 * for so long.
 */
export class IdleProxy {
  cuts = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor(target: URL, idleMs: number) {
    this.server = createServer((client) => {
      const gateway = connect(Number(target.port), target.hostname);
      for (const socket of [client, gateway]) this.own(socket);
      let silentLooks = 0;
      const timer = setInterval(() => {
        silentLooks += 1;
        if (silentLooks < LOOKS) return;
        clearInterval(timer);
        this.cuts += 1;
        client.resetAndDestroy();
      }, idleMs / LOOKS);
      gateway.on('data', () => (silentLooks = 0));
      client.pipe(gateway).pipe(client);
      client.once('close', () => gateway.destroy());
      gateway.once('close', () => {
        clearInterval(timer);
        client.destroy();
      });
    });
  }

  static async before(gatewayUrl: string, idleMs: number): Promise<IdleProxy> {
    const proxy = new IdleProxy(new URL(gatewayUrl), idleMs);
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private own(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.sockets.delete(socket));
  }
}
