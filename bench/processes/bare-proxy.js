// @ts-check
/**
 * The least that a proxy can do on Node: http in, undici out, the answer piped, hang-ups passed on. The yardstick. It
 * collects the request, since a body of known length goes out cheaper than one that is piped.
 */
import { createServer } from 'node:http';
import { Pool } from 'undici';
import { listen, serveParent } from '../support/child-side.js';

const upstream = new Pool(/** @type {string} */ (process.argv[2]), { connections: 256 });

const server = createServer(async (request, response) => {
  const caller = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) caller.abort();
  });
  try {
    /** @type {Buffer[]} */
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const answer = await upstream.request({
      path: request.url ?? '/',
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: request.headers.authorization },
      body: pieces.length === 1 ? pieces[0] : Buffer.concat(pieces),
      signal: caller.signal,
    });
    response.writeHead(answer.statusCode, { 'content-type': String(answer.headers['content-type']) });
    answer.body.on('error', () => response.destroy());
    answer.body.pipe(response);
  } catch {
    if (!response.headersSent && !response.destroyed) response.writeHead(502).end();
  }
});
server.keepAliveTimeout = 60_000;

serveParent({ start: () => listen(server) });
