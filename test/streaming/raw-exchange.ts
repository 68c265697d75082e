import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface TestServer {
  readonly port: number;
  readonly server: Server;
  stop(): Promise<void>;
}

export async function serve(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<TestServer> {
  const server = createServer(handler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A socket whose bytes are seen as they are. */
export class RawClient {
  received = '';
  private readonly waiters = new Set<() => void>();

  private constructor(readonly socket: Socket) {
    socket.setEncoding('utf8');
    socket.on('error', () => undefined);
    socket.on('close', () => this.wake());
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  read(): this {
    this.socket.on('data', (text: string) => {
      this.received += text;
      this.wake();
    });
    return this;
  }

  send(text: string): this {
    this.socket.write(text);
    return this;
  }

  async receives(text: string): Promise<string> {
    while (!this.received.includes(text)) {
      if (this.socket.closed) throw new Error(`closed before ${JSON.stringify(text)}: ${this.received}`);
      await this.event();
    }
    return this.received;
  }

  async closed(): Promise<string> {
    while (!this.socket.closed) await this.event();
    return this.received;
  }

  /** The status, header fields and the chunks of a chunked answer, each as it was written. */
  get answer(): { status: number; headers: Record<string, string>; chunks: string[] } {
    const [head = '', ...rest] = this.received.split('\r\n\r\n');
    const [statusLine = '', ...lines] = head.split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 2),
      ]),
    );
    return { status: Number(statusLine.split(' ')[1]), headers, chunks: chunksOf(rest.join('\r\n\r\n')) };
  }

  private event(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.waiters.delete(wake);
        resolve();
      };
      this.waiters.add(wake);
    });
  }

  private wake(): void {
    for (const waiter of this.waiters) waiter();
  }
}

function chunksOf(body: string): string[] {
  const chunks: string[] = [];
  let rest = Buffer.from(body);
  while (rest.length > 0) {
    const lineEnd = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.subarray(0, lineEnd).toString(), 16);
    if (!(size > 0)) break;
    chunks.push(rest.subarray(lineEnd + 2, lineEnd + 2 + size).toString());
    rest = rest.subarray(lineEnd + 2 + size + 2);
  }
  return chunks;
}
