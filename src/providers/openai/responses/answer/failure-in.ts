import type { JsonObject } from '../../../../base/json.js';
import { objectIn } from '../../../../base/json-fields.js';
import type { UpstreamFailure } from '../../../upstream-failure.js';
import { isErrorFrame, mapErrorFrame, type ErrorContext } from '../../../map-error.js';

/**
 * The failure that an event or a Response with a success status is: an `error` event, or the error of a Response that
 * failed. Undefined for an answer.
 */
export function failureIn(
  frame: JsonObject,
  event: string,
  context: ErrorContext,
): UpstreamFailure | undefined {
  const { type } = frame;
  const { error } = type === 'response.failed' ? objectIn(frame['response']) : frame;
  if (type === 'response.failed') return mapErrorFrame({ error: objectIn(error) }, context);
  return type === 'error' || event === 'error' || isErrorFrame(frame)
    ? mapErrorFrame(frame, context)
    : undefined;
}
