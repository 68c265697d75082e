/**
 * Of a row `c` of conversations: no response runs on it. A lock stands as long as its response's hold, and before there
 * is one for a short time. A hold that is not seen here because it was taken after this statement began has moved
 * `locked_until` to a later moment than this statement's, so that it cannot be overlooked.
 */
export const IS_FREE = `(c.locked_by IS NULL OR (c.locked_until < now()
  AND NOT EXISTS (SELECT FROM holds h WHERE h.response_id = c.locked_by)))`;
