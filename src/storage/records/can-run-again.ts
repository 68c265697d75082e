/**
 * A condition on a row `r` of responses: another process may run it. A started run may be run once more, unless a
 * client may have seen its events. A run that has not been started may be started by several processes in turn, but
 * not without end, since it may be what kills them. That it was started is noted beside its log, so the log counts, too:
 * every run begins it with the same events.
 */
export const CAN_RUN_AGAIN = `r.finished_at IS NULL AND r.background AND r.request IS NOT NULL
  AND ((r.status = 'queued' AND r.runs < 5 AND NOT EXISTS (
         SELECT FROM response_events v
         WHERE v.response_id = r.id AND v.type NOT IN ('response.created', 'response.queued', 'response.in_progress')))
       OR (NOT r.streamed AND r.runs < 2))`;
