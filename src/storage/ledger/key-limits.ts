import { PATIENTLY } from '../lock-wait.js';

/**
 * Takes a request that was counted when its key was looked up out of the key's rate limit, just before its hold
 * counts it again. No other request gets in between, since the key rows stay locked, and the request finds room,
 * since it found room before. The part that takes the hold must use `done` of `given_back`, so that it runs after it.
 *
 * @param all the parameter with the hash of every key; the rows are locked in id order, as everywhere
 * @param counted the parameter with the hash of the key of each request that was counted
 */
export function givingBack(all: string, counted: string): string {
  return `locked AS MATERIALIZED (
  SELECT a.id FROM api_keys a
  WHERE ${PATIENTLY} AND a.key_hash = ANY (${all}::bytea[]) ORDER BY a.id FOR UPDATE),
uncounted AS (
  UPDATE api_keys a
  SET rate_arrival_at = a.rate_arrival_at - c.requests * make_interval(secs => 60.0 / a.rate_limit_rpm)
  FROM (SELECT u.hash, count(*) AS requests FROM unnest(${counted}::bytea[]) AS u (hash) GROUP BY u.hash) c
  WHERE a.key_hash = c.hash AND a.rate_limit_rpm IS NOT NULL AND EXISTS (SELECT FROM locked l WHERE l.id = a.id)
  RETURNING a.id),
given_back AS MATERIALIZED (SELECT count(*) >= 0 AS done FROM uncounted)`;
}

/** The answers of `taken`, with the limit of the key that refused the call, if one did: for all others nothing is read. */
export function withLimits(taken: string): string {
  return `SELECT t.*, CASE t.outcome
  WHEN 'rate_limited' THEN (SELECT a.rate_limit_rpm FROM api_keys a WHERE a.id = t.key_id)
  WHEN 'concurrency_limited' THEN (SELECT a.max_concurrent_requests FROM api_keys a WHERE a.id = t.key_id)
END AS key_limit FROM ${taken} t`;
}
