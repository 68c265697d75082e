import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { JsonObject } from '../../src/base/json.js';

/** A server that goes down in the middle of what it does, and comes back at the same address. */
export abstract class RestartableUpstream {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private port = 0;

  /** Also after `goDown`, at the same address. */
  async listen(): Promise<void> {
    const server = createServer((request, response) => void this.serve(request, response));
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.sockets.delete(socket));
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
  }

  /** Breaks all connections and takes no new ones. */
  async goDown(): Promise<void> {
    const { server } = this;
    if (!server?.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  protected abstract serve(incoming: IncomingMessage, response: ServerResponse): Promise<void>;
}

/** Undefined where its connection broke before it had come. */
export async function bodyOf(incoming: IncomingMessage): Promise<JsonObject | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as JsonObject;
}
