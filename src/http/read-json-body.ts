import { type IncomingMessage } from 'node:http';
import { GatewayError } from '../base/errors/gateway-error.js';
import { type JsonObject } from '../base/json.js';
import { ClientLeft } from './client-left.js';
import { Gathering } from '../base/gathering.js';
import type { IntakeShare } from './intake.js';
import { parseJsonBody } from './parse-json-body.js';

export interface BodyLimits {
  readonly maxBytes: number;
  /** Grows with the bytes read; absent where only operators send bodies. */
  readonly share?: IntakeShare;
}

/**
 * Reads one JSON object, whatever its Content-Type. If the signal aborts, it stops reading and rejects with the
 * signal's reason.
 *
 * @throws GatewayError invalid_json, invalid_value (compressed), request_too_large, and what `IntakeShare.grow` throws
 * @throws ClientLeft when the upload breaks off
 */
export async function readJsonBody(
  request: IncomingMessage,
  limits: BodyLimits,
  signal?: AbortSignal,
): Promise<JsonObject> {
  const bytes = await readBody(request, limits, signal);
  return parseJsonBody(bytes, (values) => limits.share?.growByValues(values));
}

/** Reads the bytes of any body. @throws as `readJsonBody`, except for the content */
export async function readBody(
  request: IncomingMessage,
  limits: BodyLimits,
  signal?: AbortSignal,
): Promise<Buffer> {
  const { maxBytes } = limits;
  refuseCompressed(request);
  // A body whose Content-Length exceeds the limit is refused unread.
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  return readBytes(request, limits, signal);
}

function readBytes(
  request: IncomingMessage,
  { maxBytes, share }: BodyLimits,
  signal?: AbortSignal,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const gathering = new Gathering();
    const onData = (chunk: Buffer): void => {
      if (gathering.size + chunk.length > maxBytes) return fail(tooLarge(maxBytes));
      try {
        share?.grow(chunk.length);
      } catch (refusal) {
        return fail(refusal);
      }
      gathering.add(chunk);
    };
    const onEnd = (): void => {
      stop();
      resolve(gathering.bytes());
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
