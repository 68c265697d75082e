import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { CertificateAuthority } from '../../support/certificate-authority.js';

export type Serve = (request: IncomingMessage, response: ServerResponse) => void;

export const PNG = Buffer.concat([
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
  Buffer.from('pixels'),
]);
export const JPEG = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.from('pixels')]);
export const WEBP = Buffer.concat([Buffer.from('RIFF\x10\0\0\0WEBPVP8 '), Buffer.from('pixels')]);

/** An https server on loopback; serves a PNG unless told otherwise. */
export class ImageHost {
  readonly authority = new CertificateAuthority();
  /** `Host` and path of what was asked for. */
  readonly requests: { readonly host: string; readonly path: string; readonly headers: object }[] = [];
  connections = 0;
  serve: Serve = image('image/png', PNG);
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  /** @param names that its certificate is good for, besides 127.0.0.1. */
  constructor(...names: readonly string[]) {
    this.server = createServer(this.authority.issue('127.0.0.1', ...names), (request, response) => {
      const { headers, url = '' } = request;
      this.requests.push({ host: headers.host ?? '', path: url, headers });
      this.serve(request, response);
    });
    this.server.on('connection', (socket: Socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.sockets.delete(socket));
    });
    this.server.on('tlsClientError', () => undefined);
  }

  async listen(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get openSockets(): number {
    return this.sockets.size;
  }

  reset(): void {
    this.requests.length = 0;
    this.connections = 0;
    this.serve = image('image/png', PNG);
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}

export function image(type: string, bytes: Buffer, headers: Record<string, string> = {}): Serve {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': type, ...headers });
    response.end(bytes);
  };
}

export function redirect(location: string, status = 302): Serve {
  return (_request, response) => {
    response.writeHead(status, { location });
    response.end();
  };
}
