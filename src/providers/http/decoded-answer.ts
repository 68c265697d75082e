import { pipeline, Readable, type Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { UpstreamFailure } from '../upstream-failure.js';
import type { Answer } from './converse.js';
import { headerOf } from './header.js';
import { malformed } from './malformed.js';

/** Maximum ratio of unpacked to received bytes. No real text compresses as well as this. */
const MAX_EXPANSION = 200;
/** Up to this many unpacked bytes, the ratio does not matter. */
const FREE_BYTES = 64 * 1024 * 1024;
const MAX_CODINGS = 3;
/** The method in a zlib header; raw deflate, which some servers send for `deflate`, never begins with it. */
const ZLIB_METHOD = 8;

/** Received bytes are unpacked at once, so that a stream stays a stream. */
const FLUSHED = { flush: constants.Z_SYNC_FLUSH };

const DECODERS: ReadonlyMap<string, (first: number) => Transform> = new Map<
  string,
  (first: number) => Transform
>([
  ['gzip', () => createGunzip(FLUSHED)],
  ['x-gzip', () => createGunzip(FLUSHED)],
  [
    'deflate',
    (first) => ((first & 0x0f) === ZLIB_METHOD ? createInflate(FLUSHED) : createInflateRaw(FLUSHED)),
  ],
  ['br', () => createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH })],
]);

/**
 * The same answer, unpacked: some proxies compress answers although they are asked not to. The reader pulls the data,
 * so a slow reader still does not count as silence, and nothing is unpacked before it is asked for.
 */
export function decodedAnswer(answer: Answer): Answer {
  let unpacked: AsyncIterator<Buffer> | undefined;
  const nextOf = async (chunks: AsyncIterator<Buffer>): Promise<readonly Buffer[] | undefined> => {
    const next = await chunks.next();
    return next.done ? undefined : [next.value];
  };
  return {
    head: async () => {
      const head = await answer.head();
      const codings = codingsOf(headerOf(head, 'content-encoding'));
      if (codings.length > 0) unpacked = unpack(answer, codings);
      return head;
    },
    read: () => (unpacked ? nextOf(unpacked) : answer.read()),
    close: () => {
      void unpacked?.return?.().catch(() => undefined);
      answer.close();
    },
  };
}

/** Content codings in the order in which they were applied. */
function codingsOf(header: string | undefined): readonly string[] {
  if (header === undefined) return [];
  return header
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity');
}

async function* unpack(answer: Answer, codings: readonly string[]): AsyncGenerator<Buffer> {
  const decoders = codings.map((coding) => DECODERS.get(coding)).reverse();
  if (decoders.length > MAX_CODINGS) throw malformed('an answer in too many codings');
  let chunks: AsyncIterable<Buffer> = packedChunks(answer);
  for (const decoder of decoders) {
    if (!decoder) throw malformed('an answer in an unknown coding');
    chunks = through(decoder, chunks);
  }
  yield* chunks;
}

async function* packedChunks(answer: Answer): AsyncGenerator<Buffer> {
  for (;;) {
    const chunks = await answer.read();
    if (!chunks) return;
    yield* chunks;
  }
}

async function* through(
  decoder: (first: number) => Transform,
  packed: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const source = packed[Symbol.asyncIterator]();
  const first = await source.next();
  if (first.done) return;
  let packedBytes = 0;
  const counted = async function* (): AsyncGenerator<Buffer> {
    for (let next: IteratorResult<Buffer> = first; !next.done; next = await source.next()) {
      packedBytes += next.value.length;
      yield next.value;
    }
  };
  const unpacked = pipeline(
    Readable.from(counted(), { objectMode: false }),
    decoder(first.value[0] ?? 0),
    () => {
      // The reader sees how the answer ended.
    },
  );
  let bytes = 0;
  try {
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > FREE_BYTES && bytes > packedBytes * MAX_EXPANSION)
        throw malformed('an answer that is packed too tightly');
      yield chunk;
    }
  } catch (reason) {
    if (reason instanceof UpstreamFailure || !isZlibError(reason)) throw reason;
    throw malformed('an answer whose packing is broken');
  }
}

function isZlibError(reason: unknown): boolean {
  const code = typeof reason === 'object' && reason !== null && 'code' in reason ? reason.code : undefined;
  return typeof code === 'string' && /^(?:Z_|ERR_)/.test(code);
}
