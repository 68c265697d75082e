import { retryAfterIn } from '../http/retry-after.js';
import type { ResponseHead } from '../http/upstream-call.js';
import { mapRefusal, type RequestContext } from '../map-error.js';
import { readError } from '../read-error.js';
import type { UpstreamFailure } from '../upstream-failure.js';
import { delayIn } from './refuse-text.js';

/** Fields of this wire with those of the client's body that they come from. */
const PARAMS: readonly (readonly [RegExp, string])[] = [
  [/output_?dimensionality/i, 'dimensions'],
  [/content/i, 'input'],
];

/**
 * The failure for refused embeddings; `body` is its parsed JSON, if it is JSON. The message is about this wire's own
 * fields, so no client is shown it. An account that is not set up is the operator's problem, although it is a 400.
 */
export function refuseEmbeddings(
  head: ResponseHead,
  body: unknown,
  context: Pick<RequestContext, 'contextWindow' | 'secrets'>,
): UpstreamFailure {
  const { error, fields } = readError(body);
  const status = head.status === 400 && error['status'] === 'FAILED_PRECONDITION' ? 401 : head.status;
  const [param] = fields.flatMap((field) => paramOf(field) ?? []);
  const known = { error: { ...error, ...(param !== undefined && { param }) } };
  return mapRefusal(status, known, {
    ...context,
    toClientParam: (own) => (own === param ? own : undefined),
    nowMs: Date.now(),
    retryAfter: retryAfterIn(head) ?? delayIn(error['details']),
  });
}

function paramOf(field: string): string | undefined {
  return PARAMS.find(([pattern]) => pattern.test(field))?.[1];
}
