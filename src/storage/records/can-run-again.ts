/**
 * Of a row `r` of responses: another process may run it. What was started may be once more, unless somebody may have
 * seen its events. What has not been started may always be, but not by process after process that dies of it.
 */
export const CAN_RUN_AGAIN = `r.finished_at IS NULL AND r.background AND r.request IS NOT NULL
  AND ((r.status = 'queued' AND r.runs < 5) OR (NOT r.streamed AND r.runs < 2))`;
