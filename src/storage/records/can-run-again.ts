/**
 * A condition on a row `r` of responses: another process may run it. A started run may be run once more, unless a
 * client may have seen its events. A run that has not been started may be started by several processes in turn, but
 * not without end, since it may be what kills them.
 */
export const CAN_RUN_AGAIN = `r.finished_at IS NULL AND r.background AND r.request IS NOT NULL
  AND ((r.status = 'queued' AND r.runs < 5) OR (NOT r.streamed AND r.runs < 2))`;
