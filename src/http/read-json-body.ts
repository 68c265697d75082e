import { type IncomingMessage } from 'node:http';
import { GatewayError } from '../errors/gateway-error.js';
import { type JsonObject } from '../json.js';
import { ClientLeft } from './client-left.js';
import { parseJsonBody } from './parse-json-body.js';

export interface BodyLimits {
  readonly maxBytes: number;
}

/**
 * Reads one JSON object, whatever its Content-Type says. Aborting the signal stops the reading and rejects with
 * its reason.
 *
 * @throws GatewayError invalid_json, invalid_value (compressed), request_too_large
 * @throws ClientLeft when the upload breaks off
 */
export async function readJsonBody(
  request: IncomingMessage,
  { maxBytes }: BodyLimits,
  signal?: AbortSignal,
): Promise<JsonObject> {
  return parseJsonBody(await readBody(request, { maxBytes }, signal));
}

/** The bytes of a body, whatever they are. @throws as `readJsonBody`, but for what is in them */
export async function readBody(
  request: IncomingMessage,
  { maxBytes }: BodyLimits,
  signal?: AbortSignal,
): Promise<Buffer> {
  refuseCompressed(request);
  // A Content-Length that is over the limit is refused unread.
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  return readBytes(request, maxBytes, signal);
}

function readBytes(request: IncomingMessage, maxBytes: number, signal?: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > maxBytes) return fail(tooLarge(maxBytes));
      chunks.push(chunk);
    };
    const onEnd = (): void => {
      stop();
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size));
    };
    const onClosed = (): void => fail(new ClientLeft());
    const onAborted = (): void => fail(signal?.reason);
    const stop = (): void => {
      request.off('data', onData).off('end', onEnd).off('close', onClosed).off('error', onClosed);
      signal?.removeEventListener('abort', onAborted);
    };
    const fail = (reason: unknown): void => {
      stop();
      request.pause();
      reject(reason instanceof Error ? reason : new ClientLeft());
    };
    if (request.destroyed && !request.readableEnded) return fail(new ClientLeft());
    if (signal?.aborted) return onAborted();
    signal?.addEventListener('abort', onAborted);
    request.on('data', onData).on('end', onEnd).on('close', onClosed).on('error', onClosed);
  });
}

function refuseCompressed(request: IncomingMessage): void {
  const encoding = request.headers['content-encoding'];
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return;
  throw new GatewayError(
    'invalid_value',
    'Compressed request bodies are not accepted; send the body without Content-Encoding.',
  );
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError(
    'request_too_large',
    `The request body is too large; at most ${maxBytes} bytes are accepted.`,
  );
}
