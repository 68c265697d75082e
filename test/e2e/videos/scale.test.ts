import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { QueryConfig } from 'pg';
import { Database } from '../../../src/storage/database.js';
import { PollStore } from '../../../src/videos/polling/poll-store.js';
import { VideoPoller } from '../../../src/videos/polling/video-poller.js';
import { VideoStore } from '../../../src/videos/video-store.js';
import { TestGateway } from '../../support/gateway.js';

const RUNNING = 100_000;
const ENDED = 100_000;

let gateway: TestGateway;
let polls: PollStore;
let store: VideoStore;

beforeAll(async () => {
  gateway = await TestGateway.start();
  polls = gateway.app.get(PollStore);
  store = gateway.app.get(VideoStore);
  // Only the statements that the tests make.
  await gateway.app.get(VideoPoller).stop();
  const { id } = await gateway.createKey();
  await insertVideos(id, { from: 1, to: RUNNING, isRunning: true });
  await insertVideos(id, { from: RUNNING + 1, to: RUNNING + ENDED, isRunning: false });
  await gateway.pool.query('VACUUM ANALYZE videos');
});
afterAll(() => gateway.close());

async function insertVideos(
  keyId: string,
  { from, to, isRunning }: { from: number; to: number; isRunning: boolean },
): Promise<void> {
  await gateway.pool.query(
    `INSERT INTO videos (id, account_id, key_id, hold_id, request_id, status, shape, model, request, terms, provider,
                         upstream_model, upstream_id, process_id, created_at, next_poll_at, finished_at)
     SELECT 'video_' || n, 'account_' || n % 100, $1, 'hold_' || n, 'req_' || n,
            CASE WHEN $4 THEN 'processing' ELSE 'completed' END, 'generation', 'film', '{"prompt":"Sea"}', '{}', 'studio',
            'film', 'up_' || n, 'proc_1', now() - interval '1 hour',
            CASE WHEN $4 THEN now() + n * interval '1 ms' + interval '1 hour' END, CASE WHEN NOT $4 THEN now() END
     FROM generate_series($2::int, $3::int) AS n`,
    [keyId, from, to, isRunning],
  );
}

/** Rows that the statements of one call read, filtered away or not, by table and index. */
async function rowsRead(call: () => Promise<unknown>): Promise<number> {
  const { pool } = gateway.app.get(Database);
  const query = jest.spyOn(pool, 'query');
  await call();
  const statements = query.mock.calls.map((given): QueryConfig => {
    const [text, values] = given as unknown as [QueryConfig | string, unknown[] | undefined];
    return typeof text === 'string' ? { text, ...(values && { values }) } : text;
  });
  query.mockRestore();
  let read = 0;
  for (const { text, values = [] } of statements) {
    const { rows } = await gateway.pool.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
      values,
    );
    read += rows.reduce((sum, row) => sum + rowsOf(row['QUERY PLAN'][0].Plan), 0);
  }
  return read;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

function rowsOf(node: PlanNode): number {
  const here = node['Node Type'].includes('Scan')
    ? (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
    : 0;
  return (node.Plans ?? []).reduce((sum, inner) => sum + rowsOf(inner), here);
}

describe(`with ${RUNNING} videos that run, and as many that have ended`, () => {
  it.each<[string, () => Promise<unknown>]>([
    ['what is due next', () => polls.nextDueMs()],
    ['what is due', () => polls.claim(256, 30_000)],
    ['what nobody submits any more', () => store.claimLost([], 100)],
    ['what is watched', () => polls.look(['video_1', 'video_2'])],
    ['that somebody watches', () => polls.watch([{ videoId: 'video_1', intervalMs: 500 }], 30_000)],
    ['that somebody asks for one', () => polls.hasten('video_1', 2_000)],
    ['what one account has', () => store.page('account_1', { limit: 20, order: 'desc', after: undefined })],
    ['what is to be purged', () => store.purge(new Date(Date.now() - 86_400_000), 500)],
    ['what a process gives back', () => polls.giveBack()],
  ])('few rows are read to know: %s', async (_what, call) => {
    expect(await rowsRead(call)).toBeLessThan(1_000);
  });
});
