import type { Target, VideoModel } from '../../../src/catalog/model.js';
import { AddressGuard } from '../../../src/providers/http/address-guard.js';
import { GuardedClient } from '../../../src/providers/http/guarded-client.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import type { Handler } from '../../support/scripted-upstream.js';
import type { UpstreamVideo, VideoSubmission } from '../../../src/providers/video/video-provider.js';

export const BYTES = Buffer.from(Array.from({ length: 1_000 }, (_, index) => index % 251));

export const NEVER = new AbortController().signal;

/** Reaches public addresses only, and knows no names. */
export const PUBLIC_ONLY = new GuardedClient(new AddressGuard([]), () => Promise.resolve([]));

export function videoModel(targets: readonly Target[] = []): VideoModel {
  return { kind: 'video', id: 'film', targets, pricing: 'free', created: 0, ownedBy: 'test' };
}

export function submissionOf(overrides: Partial<VideoSubmission> = {}): VideoSubmission {
  return {
    model: videoModel(),
    modelOptions: '',
    prompt: 'A cat on a mat',
    seconds: 8,
    names: { seconds: 'duration', image: 'image_url' },
    reference: 'video_0123',
    ...overrides,
  };
}

export function jobAt(target: Target, upstreamId: string, content?: UpstreamVideo['content']): UpstreamVideo {
  return { target, upstreamId, ...(content && { content }) };
}

/** What a failed call says, and to whom: the client's error, and what may be done about it. */
export async function failureOf(call: Promise<unknown>): Promise<{
  readonly code: string;
  readonly status: number;
  readonly param: string | null;
  readonly message: string;
  readonly refused: boolean | undefined;
  readonly retryable: boolean;
}> {
  const failure: unknown = await call.then(
    (result) => result,
    (reason: unknown) => reason,
  );
  if (!(failure instanceof UpstreamFailure)) throw new Error(`no failure: ${JSON.stringify(failure)}`);
  const { code, status, param, message } = failure.error;
  const { refused, retryable } = failure.options;
  return { code, status, param, message, refused, retryable };
}

export async function bytesOf(body: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A whole answer of bytes. */
export function serve(
  status: number,
  headers: Record<string, string>,
  bytes: Buffer | string = BYTES,
): Handler {
  return async (exchange) => {
    exchange.head(status, headers);
    await exchange.send(bytes);
    exchange.end();
  };
}
