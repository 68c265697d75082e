/**
 * Of a row `r` of responses: another process may run it. What has not been started may always be, what was started
 * once more, unless somebody may have seen its events.
 */
export const CAN_RUN_AGAIN = `r.finished_at IS NULL AND r.background AND r.request IS NOT NULL
  AND (r.status = 'queued' OR (NOT r.streamed AND r.runs < 2))`;
