import { Gathering } from '../../base/gathering.js';
import type { Answer } from './converse.js';
import { exceedsDepth } from './json-depth.js';
import { malformed } from './malformed.js';

export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const MAX_ERROR_BYTES = 64 * 1024;
const MAX_ERROR_DEPTH = 64;
const MAX_ERROR_MS = 5_000;
/** The data lines, to be joined, of an error that came as a frame of an event stream. */
const DATA_LINES = /^data:[ ]?(.*)$/gm;

/** Reads a whole answer. @throws UpstreamFailure when it breaks, or the result of `tooLong` when it is too long. */
export async function readWhole(
  answer: Answer,
  maxBytes = MAX_ANSWER_BYTES,
  tooLong: () => Error = () => malformed('an answer longer than its limit'),
): Promise<Buffer> {
  const gathering = new Gathering();
  for (;;) {
    const next = await answer.read();
    if (!next) return gathering.bytes();
    for (const chunk of next) gathering.add(chunk);
    if (gathering.size > maxBytes) throw tooLong();
  }
}

/**
 * The JSON of an error, also when it is the data of a frame; undefined when it is something else, too long, too slow
 * or broken off.
 */
export async function readErrorBody(answer: Answer): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), MAX_ERROR_MS);
  });
  const body = readWhole(answer, MAX_ERROR_BYTES).then(parseError, () => undefined);
  try {
    return await Promise.race([body, late]);
  } finally {
    clearTimeout(timer);
  }
}

function parseError(body: Buffer): unknown {
  const text = body.toString('utf8').trim();
  return parsed(text) ?? parsed(firstFrame(text));
}

function firstFrame(text: string): string {
  const [frame = ''] = text.replaceAll(/\r\n?/g, '\n').split('\n\n', 1);
  return [...frame.matchAll(DATA_LINES)].map(([, data = '']) => data).join('\n');
}

function parsed(text: string): unknown {
  if (exceedsDepth(text, MAX_ERROR_DEPTH)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
