import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What becomes of a request: `answerLost` reaches the node, `empty` is answered with an empty list. */
export type Fate = 'passed' | 'refused' | 'answerLost' | 'hanging' | 'empty';

export interface NodeProxy {
  readonly url: string;
  /** The methods that were called. */
  readonly called: string[];
  /** Decides what becomes of requests from now on. */
  rule(fateOf: (method: string) => Fate): void;
  stop(): Promise<void>;
}

/** Stands between a client and a chain's node, and fails as it is told to. */
export async function startNodeProxy(nodeUrl: string): Promise<NodeProxy> {
  let fateOf: (method: string) => Fate = () => 'passed';
  const called: string[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body = await text(request as IncomingMessage & AsyncIterable<Uint8Array>);
      const { method, id } = JSON.parse(body) as { method: string; id: number };
      called.push(method);
      const fate = fateOf(method);
      if (fate === 'hanging') return;
      if (fate === 'refused') return void response.writeHead(503).end('no');
      const headers = { 'content-type': 'application/json' };
      if (fate === 'empty')
        return void response.writeHead(200, headers).end(JSON.stringify({ jsonrpc: '2.0', id, result: [] }));
      const answer = await (await fetch(nodeUrl, { method: 'POST', headers, body })).text();
      if (fate === 'answerLost') return void response.destroy();
      response.writeHead(200, headers).end(answer);
    })();
  });
  await listen(server);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path`,
    called,
    rule: (next) => (fateOf = next),
    stop: () => close(server),
  };
}

export function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}

export async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
