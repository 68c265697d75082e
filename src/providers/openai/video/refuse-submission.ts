import { isJsonObject, type JsonObject } from '../../../json.js';
import { headerOf } from '../../http/header.js';
import type { ResponseHead } from '../../http/upstream-call.js';
import { UpstreamFailure } from '../../upstream-failure.js';
import { refusesSubmission } from '../../video/submission-failure.js';
import { mapRefusal } from '../map-error.js';

/** This wire's fields by the names that a submission has for them on our own. */
const PARAMS: Readonly<Record<string, string>> = {
  prompt: 'prompt',
  seconds: 'duration',
  size: 'size',
  input_reference: 'image_url',
  seed: 'seed',
  negative_prompt: 'negative_prompt',
};
const OUR_FIELDS: JsonObject = Object.fromEntries(Object.values(PARAMS).map((name) => [name, true]));

/** What a refused submission means; `refusal` is its JSON, if it is JSON. */
export function refuseSubmission(head: ResponseHead, refusal: unknown, nowMs: number): UpstreamFailure {
  const { error, options } = mapRefusal(head.status, renamed(refusal), {
    chat: OUR_FIELDS,
    retryAfter: headerOf(head, 'retry-after'),
    nowMs,
  });
  return new UpstreamFailure(error, { ...options, refused: refusesSubmission(head.status) });
}

function renamed(refusal: unknown): unknown {
  if (!isJsonObject(refusal) || !isJsonObject(refusal.error)) return refusal;
  const { param } = refusal.error;
  const ours = typeof param === 'string' && Object.hasOwn(PARAMS, param) ? PARAMS[param] : null;
  return { error: { ...refusal.error, param: ours } };
}
