import type { JsonObject } from '../../base/json.js';
import type { Profile } from '../../catalog/profile.js';
import { headerOf } from '../http/header.js';
import { malformed } from '../http/malformed.js';
import type { ResponseHead } from '../http/upstream-call.js';
import { readError } from '../read-error.js';
import { joined, type Trial } from '../text/remedy.js';
import { UpstreamFailure } from '../upstream-failure.js';
import { findRemedy, isLasting } from './find-remedy.js';
import { mapRefusal, type RequestContext } from '../map-error.js';

interface Asked {
  readonly sent: JsonObject;
  readonly profile: Profile;
  readonly errors: RequestContext;
  readonly trial: Trial | undefined;
}

/** The failure for a refused request, with what may help. @param body its parsed JSON, if it is JSON */
export function refusedRequest(head: ResponseHead, body: unknown, asked: Asked): UpstreamFailure {
  if (head.status < 400) return malformed(`status ${head.status}`);
  const { error, options } = mapRefusal(head.status, body, {
    ...asked.errors,
    nowMs: Date.now(),
    retryAfter: headerOf(head, 'retry-after'),
  });
  const trial = error.code === 'invalid_value' ? nextTrial(head.status, body, asked) : undefined;
  return new UpstreamFailure(error, { ...options, trial });
}

/** Keeps the earlier remedy: the new refusal is about something else. */
function nextTrial(status: number, body: unknown, { sent, profile, trial }: Asked): Trial | undefined {
  const read = readError(body);
  const found = findRemedy(status, read, sent, profile);
  const remedy = found && joined(trial?.remedy, found);
  if (!remedy) return undefined;
  return { remedy, lasting: joined(trial?.lasting, isLasting(read, sent, found) ? found : undefined) };
}
