import type { JsonObject } from '../../base/json.js';
import { decodedAnswer } from './decoded-answer.js';
import { malformed } from './malformed.js';
import { parseObject } from './parse-object.js';
import { readErrorBody, readWhole } from './read-body.js';
import type { ResponseHead } from './upstream-call.js';
import type { CallOptions, UpstreamClient, UpstreamRequest } from './upstream-client.js';

/** Enough for an upstream's answer about one job, with plenty of room. */
const MAX_SHORT_ANSWER_BYTES = 1024 * 1024;

/**
 * A status below 300 with one JSON object, or a status from 400 with the JSON of its body, undefined if there is
 * none.
 */
export type Exchange =
  | { readonly head: ResponseHead; readonly accepted: JsonObject }
  | { readonly head: ResponseHead; readonly refusal: unknown };

/** One request with a whole answer. @throws UpstreamFailure, also for a redirect, since none is followed. */
export async function exchange(
  client: UpstreamClient,
  request: UpstreamRequest,
  options: Omit<CallOptions, 'stream'>,
  maxBytes = MAX_SHORT_ANSWER_BYTES,
): Promise<Exchange> {
  const headers = { accept: 'application/json', ...request.headers };
  const answer = decodedAnswer(client.send({ ...request, headers }, { ...options, stream: false }));
  try {
    const head = await answer.head();
    if (head.status >= 400) return { head, refusal: await readErrorBody(answer) };
    if (head.status >= 300) throw malformed(`status ${head.status}`);
    if (head.status === 204) return { head, accepted: {} };
    return { head, accepted: parseObject((await readWhole(answer, maxBytes)).toString('utf8')) };
  } finally {
    answer.close();
  }
}
