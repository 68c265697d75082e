// @ts-check
/** The least that a proxy can do on Node: http in, undici out, both bodies piped, hang-ups passed on. The yardstick. */
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
    const answer = await upstream.request({
      path: request.url ?? '/',
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: request.headers.authorization },
      body: request,
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
