import type { Pool } from 'pg';

/** Has the database itself write down every poll, whoever makes it, as of the time from which the next one is due. */
export async function logPolls(pool: Pool): Promise<void> {
  await pool.query(`
    CREATE TABLE poll_log (video_id text, at timestamptz);
    CREATE FUNCTION log_poll() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO poll_log VALUES (new.id, new.polled_at);
      RETURN NULL;
    END $$;
    CREATE TRIGGER log_polls AFTER UPDATE ON videos FOR EACH ROW
      WHEN (new.polled_at IS DISTINCT FROM old.polled_at) EXECUTE FUNCTION log_poll()`);
}

/** Milliseconds between the polls of a video. */
export async function pausesBetweenPolls(pool: Pool, videoId: string): Promise<readonly number[]> {
  const { rows } = await pool.query<{ pause: number }>(
    `SELECT (extract(epoch FROM at - lag(at) OVER (ORDER BY at)) * 1000)::float8 AS pause
     FROM poll_log WHERE video_id = $1 ORDER BY at OFFSET 1`,
    [videoId],
  );
  return rows.map(({ pause }) => pause);
}
