import { once } from 'node:events';
import { createServer, request as forward, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

interface ProxiedRequest {
  readonly method: string;
  /** An absolute URL, or `host:port` of a tunnel. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

/** A real forward proxy on loopback: whole addresses and tunnels, all of which end at `target`. */
export class ForwardProxy {
  readonly requests: ProxiedRequest[] = [];
  /** Instead of forwarding. */
  refuseWith: number | undefined;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  /** @param target port on 127.0.0.1 to which every request goes, whatever its address */
  constructor(private readonly target: number) {
    this.server = createServer((request, response) => {
      const { method = '', url = '', headers } = request;
      this.requests.push({ method, target: url, headers });
      if (this.refuseWith !== undefined) {
        response.writeHead(this.refuseWith).end();
        return;
      }
      const { pathname, search } = new URL(url);
      const onwards = forward(
        { port: this.target, host: '127.0.0.1', method, path: pathname + search, headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        },
      );
      onwards.on('error', () => response.destroy());
      request.pipe(onwards);
    });
    this.server.on('connect', (request, socket: Socket) => {
      this.requests.push({ method: 'CONNECT', target: request.url ?? '', headers: request.headers });
      this.keep(socket);
      if (this.refuseWith !== undefined) {
        socket.end(`HTTP/1.1 ${this.refuseWith} No\r\n\r\n`);
        return;
      }
      const onwards = connect(this.target, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        socket.pipe(onwards).pipe(socket);
      });
      this.keep(onwards);
    });
    this.server.on('connection', (socket: Socket) => this.keep(socket));
  }

  async listen(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  /** @param credentials `user:password@`, percent-encoded */
  url(credentials = ''): string {
    return `http://${credentials}127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.sockets.delete(socket));
  }
}
