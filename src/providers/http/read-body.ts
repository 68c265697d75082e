import type { Answer } from './converse.js';
import { malformed } from './malformed.js';

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const MAX_ERROR_BYTES = 64 * 1024;
const MAX_ERROR_MS = 5_000;

/** A whole answer. @throws UpstreamFailure when it breaks, or what `tooLong` makes when it is too long. */
export async function readWhole(
  answer: Answer,
  maxBytes = MAX_ANSWER_BYTES,
  tooLong: () => Error = () => malformed('an answer longer than its limit'),
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for (;;) {
    const next = await answer.read();
    if (!next) return Buffer.concat(chunks, bytes);
    for (const chunk of next) {
      bytes += chunk.length;
      chunks.push(chunk);
    }
    if (bytes > maxBytes) throw tooLong();
  }
}

/** The JSON of an error, or undefined when it is something else, too long, too slow or broken off. */
export async function readErrorBody(answer: Answer): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), MAX_ERROR_MS);
  });
  try {
    return await Promise.race([readJson(answer), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function readJson(answer: Answer): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const next = await answer.read();
      if (!next) return JSON.parse(Buffer.concat(chunks, bytes).toString('utf8'));
      for (const chunk of next) {
        bytes += chunk.length;
        chunks.push(chunk);
      }
      if (bytes > MAX_ERROR_BYTES) return undefined;
    }
  } catch {
    return undefined;
  }
}
