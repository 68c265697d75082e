/**
 * A condition on a row `c` of conversations: no response runs on it. A lock lasts as long as its response's hold.
 * Before there is a hold, it lasts for a short time, while the process that locked it has its lease. A hold that was
 * taken after this statement began is not visible here. But it has moved `locked_until` to a later moment than this
 * statement's, and has removed the process's name, so that it cannot be overlooked.
 */
export const IS_FREE = `(c.locked_by IS NULL OR (
  (c.locked_until < now() OR (c.locked_for IS NOT NULL AND NOT EXISTS (
    SELECT FROM gateway_processes p WHERE p.id = c.locked_for AND p.lease_expires_at > now())))
  AND NOT EXISTS (SELECT FROM holds h WHERE h.response_id = c.locked_by)))`;
