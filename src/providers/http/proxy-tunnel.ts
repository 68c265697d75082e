import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import buildConnector from 'undici/lib/core/connect.js';

/** How to connect to a provider's proxy. The proxy's user and password are kept here, and never logged. */
export interface Proxy {
  readonly origin: string;
  /** `Proxy-Authorization`, when the proxy's URL has a user. */
  readonly headers: Readonly<Record<string, string>>;
}

/** @param url the proxy's URL; user and password in it are percent-encoded */
export function parseProxy(url: string): Proxy {
  const { origin, username, password } = new URL(url);
  if (username === '') return { origin, headers: {} };
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    origin,
    headers: { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` },
  };
}

/**
 * Connects to https upstreams through a proxy: CONNECT opens a tunnel, and TLS to the upstream runs inside it, so the
 * proxy reads nothing. Refused tunnels and slow proxies are connect failures.
 *
 * @param timeoutMs limit of the tunnel and of the handshake, for each of them
 * @param tls certificates to trust instead of the well-known ones
 */
export function connectThrough(
  proxy: Proxy,
  timeoutMs: number,
  tls: { readonly ca?: string } = {},
): buildConnector.connector {
  const secure = buildConnector({ ...tls, timeout: timeoutMs });
  return (options, callback) => {
    const port = options.port || '443';
    openTunnel(proxy, `${options.hostname}:${port}`, timeoutMs).then(
      (httpSocket) => secure({ ...options, httpSocket }, callback),
      (failure: unknown) => callback(failure as Error, null),
    );
  };
}

async function openTunnel(proxy: Proxy, authority: string, timeoutMs: number): Promise<Socket> {
  const send = proxy.origin.startsWith('https:') ? httpsRequest : httpRequest;
  const request = send(proxy.origin, {
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...proxy.headers },
    agent: false,
  });
  const timer = setTimeout(() => request.destroy(new Error('the proxy opened no tunnel in time')), timeoutMs);
  try {
    return await new Promise<Socket>((resolve, reject) => {
      const settle = ({ statusCode }: IncomingMessage, socket: Socket): void => {
        if (statusCode === 200) return resolve(socket);
        socket.destroy();
        reject(new Error(`the proxy refused the tunnel with status ${statusCode ?? 0}`));
      };
      request.once('connect', settle);
      request.on('error', reject);
      request.end();
    });
  } finally {
    clearTimeout(timer);
  }
}
