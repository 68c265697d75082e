import { retryAfterIn } from '../../http/retry-after.js';
import type { ResponseHead } from '../../http/upstream-call.js';
import { UpstreamFailure } from '../../upstream-failure.js';
import { refusesSubmission } from '../../video/submission-failure.js';
import type { VideoSubmission } from '../../video/video-provider.js';
import { mapRefusal } from '../../map-error.js';

/** The failure for a refused submission; `refusal` is its JSON, if it is JSON. */
export function refuseSubmission(
  head: ResponseHead,
  refusal: unknown,
  names: VideoSubmission['names'],
  nowMs: number,
): UpstreamFailure {
  const params = paramsFor(names);
  const { error, options } = mapRefusal(head.status, refusal, {
    toClientParam: (param) => params.get(param),
    retryAfter: retryAfterIn(head),
    nowMs,
  });
  return new UpstreamFailure(error, {
    ...options,
    // Of all refusals, only a 429 is tried elsewhere.
    elsewhere: head.status === 429 && options.elsewhere === true,
    refused: refusesSubmission(head.status),
  });
}

/** The client's names for the fields of this wire. */
function paramsFor({ seconds, image }: VideoSubmission['names']): ReadonlyMap<string, string> {
  return new Map([
    ['prompt', 'prompt'],
    ['seconds', seconds],
    ['size', 'size'],
    ['input_reference', image],
    ['seed', 'seed'],
    ['negative_prompt', 'negative_prompt'],
  ]);
}
