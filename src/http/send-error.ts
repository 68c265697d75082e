import { type IncomingMessage, type ServerResponse } from 'node:http';
import type { GatewayError } from '../base/errors/gateway-error.js';
import { wireOf } from '../streaming/wire-of.js';
import { noteRefusal } from './exchange.js';
import { requestIdOf } from './request-id.js';
import { surfaceOf } from './surface.js';

/** How long a client that is still uploading has to read its refusal. */
const LINGER_MS = 2_000;

/** Answers with the error in the client's wire. A client that is gone, or whose answer has begun, gets nothing more. */
export function sendError(request: IncomingMessage, response: ServerResponse, error: GatewayError): void {
  noteRefusal(request, error.code);
  if (response.destroyed || response.writableEnded) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const native = surfaceOf(request) === 'native';
  const { status, headers, body } = wireOf(request).errorAnswer(error, {
    requestId: requestIdOf(request),
    withDetails: native,
  });
  const uploading = isUploading(request);
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    ...headers,
    ...(native ? error.headers : {}),
    ...(uploading ? { Connection: 'close' } : {}),
  });
  if (uploading) closeAfterReading(request, response, body);
  else response.end(body);
}

/** A request without a body is complete only when its listeners have run. */
function isUploading({ complete, destroyed, headers }: IncomingMessage): boolean {
  const length = headers['content-length'] ?? '0';
  return !complete && !destroyed && (length !== '0' || headers['transfer-encoding'] !== undefined);
}

/**
 * A socket that is closed while bytes of an upload wait in it is reset, and the refusal is lost with it. So the rest of
 * the upload is read and discarded for a moment; the client, which has the whole answer, closes.
 */
function closeAfterReading(request: IncomingMessage, response: ServerResponse, body: string): void {
  const end = (): void => {
    clearTimeout(timer);
    request.off('end', end);
    response.off('close', end);
    if (!response.writableEnded) response.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  request.on('end', end);
  response.on('close', end);
  response.write(body);
  request.resume();
}
