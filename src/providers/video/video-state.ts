import type { JsonValue } from '../../base/json.js';
import type { VideoFailure, VideoSnapshot, VideoState } from './video-provider.js';

const STATES: ReadonlyMap<string, VideoState> = new Map([
  ['queued', 'queued'],
  ['pending', 'queued'],
  ['submitted', 'queued'],
  ['in_progress', 'processing'],
  ['processing', 'processing'],
  ['preprocessing', 'processing'],
  ['running', 'processing'],
  ['completed', 'completed'],
  ['complete', 'completed'],
  ['succeeded', 'completed'],
  ['succeed', 'completed'],
  ['success', 'completed'],
  ['successful', 'completed'],
  ['finished', 'completed'],
  ['done', 'completed'],
  ['failed', 'failed'],
  ['failure', 'failed'],
  ['error', 'failed'],
  ['cancelled', 'failed'],
  ['canceled', 'failed'],
  ['expired', 'failed'],
  ['rejected', 'failed'],
]);

/** Messages for clients about each failure; they never contain an upstream's own words. */
const FAILURES: ReadonlyMap<string, string> = new Map([
  ['cancelled', 'The provider cancelled the job.'],
  ['canceled', 'The provider cancelled the job.'],
  ['expired', 'The job expired at the provider before it was complete.'],
  ['rejected', 'The provider rejected the job.'],
  ['content_filter', "The request was refused by the provider's content filter."],
  ['invalid_value', 'The provider refused the request as invalid for this model.'],
  ['rate_limit_exceeded', 'The provider had no capacity for the job.'],
  ['upstream_timeout', 'The provider did not finish the job in time.'],
  ['upstream_error', 'The provider failed to make the video.'],
]);

type KnownState = Pick<VideoSnapshot, 'state' | 'error' | 'unknownState'>;

/** A job's state by the upstream's word for it; a word that is not known counts as processing. */
export function mapState(word: string): KnownState {
  const key = word.toLowerCase();
  const state = STATES.get(key);
  if (state === undefined) return { state: 'processing', unknownState: cleaned(word) };
  return state === 'failed' ? { state, error: failureOf(key) } : { state };
}

/** The failure in our own words. An unknown code becomes an `upstream_error`. */
export function failureOf(code: string): VideoFailure {
  const message = FAILURES.get(code);
  return message === undefined ? failureOf('upstream_error') : { code, message };
}

/** Whole percent; undefined for anything but a number from 0 to 100. */
export function progressOf(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= 100 ? Math.floor(value) : undefined;
}

function cleaned(word: string): string {
  return word.replace(/[^A-Za-z0-9_-]/g, '').slice(0, 32);
}
