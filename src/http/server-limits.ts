import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Duplex } from 'node:stream';
import { newId } from '../base/ids.js';
import { errorEnvelope } from '../streaming/openai-wire.js';

const HEADERS_TIMEOUT_MS = 30_000;
/** Head and body; 32 MiB at 1 Mbit/s. */
const REQUEST_TIMEOUT_MS = 300_000;
/** Longer than the 60 s for which common load balancers keep an idle connection. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const MAX_HEADERS = 100;

interface RawRefusal {
  readonly status: number;
  readonly code: string | null;
  readonly message: string;
}

const REFUSALS: Readonly<Record<string, RawRefusal>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    code: 'request_too_large',
    message: 'The request headers are too large.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, code: null, message: 'The request did not arrive in time.' },
};
const MALFORMED: RawRefusal = {
  status: 400,
  code: 'invalid_value',
  message: 'The request is not valid HTTP.',
};

/** Bounds the size and the duration of requests before any route sees them. */
export function limitServer(server: Server): void {
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  server.maxHeadersCount = MAX_HEADERS;
  const newest = new WeakMap<Duplex, ServerResponse>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    newest.set(request.socket, response);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const response = newest.get(socket);
    const isAnswering = response !== undefined && response.headersSent && !response.writableFinished;
    if (error.code === 'ECONNRESET' || !socket.writable || isAnswering) socket.destroy();
    else socket.end(rawAnswer(REFUSALS[error.code ?? ''] ?? MALFORMED), () => socket.destroy());
  });
}

/** Uses OpenAI's wire, because no address is known that could select another one. */
function rawAnswer({ status, code, message }: RawRefusal): string {
  const refusal = { message, type: 'invalid_request_error', param: null, code };
  const body = JSON.stringify(errorEnvelope(refusal, { withDetails: false }));
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${newId('req')}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
