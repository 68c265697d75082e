import type { JsonObject } from '../../base/json.js';
import type { Profile } from '../../catalog/profile.js';
import type { Refusal } from '../http/refusal.js';
import { mapRefusal, type RequestContext } from '../map-error.js';
import { readError } from '../read-error.js';
import { nextTrial, type Trial } from '../text/remedy.js';
import { UpstreamFailure } from '../upstream-failure.js';
import { findRemedy, isLasting } from './find-remedy.js';

interface Asked {
  readonly sent: JsonObject;
  readonly profile: Profile;
  readonly errors: RequestContext;
  readonly trial: Trial | undefined;
}

/** The failure for a refused request, with what may help. */
export function refusedRequest(
  { status, body, ...refusal }: Refusal,
  { sent, profile, errors, trial }: Asked,
): UpstreamFailure {
  const { error, options } = mapRefusal(status, body, { ...errors, ...refusal });
  if (error.code !== 'invalid_value') return new UpstreamFailure(error, options);
  const read = readError(body);
  const found = findRemedy(status, read, sent, profile);
  const next = nextTrial(trial, found, (remedy) => isLasting(read, sent, remedy));
  return new UpstreamFailure(error, { ...options, trial: next });
}
