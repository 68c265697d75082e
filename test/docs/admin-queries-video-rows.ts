import { ago, type Row } from './admin-queries-rows.js';

/** A video with the hold of a receipt was paid with it. */
export const VIDEOS: readonly Row[] = [
  video('a', { hold: 5, days: 2, took: 90, status: 'completed' }),
  video('b', { hold: 6, days: 3, took: 30, status: 'completed' }),
  video('c', { hold: 1, days: 3, took: 10, status: 'completed', model: 'veo' }),
  video('d', { hold: 8, days: 40, took: 999, status: 'completed' }),
  video('e', { days: 2, took: 5, status: 'failed', error: '{"code":"content_policy","message":"no"}' }),
  video('j', { days: 1, took: 5, status: 'failed', error: '{"code":"gone","message":"no"}' }),
  video('f', { days: 9, took: 5, status: 'failed' }),
  video('g', { days: 2 / 24, status: 'processing', request_id: 'req_example' }),
  video('h', { days: 1 / 240, status: 'queued', failed_polls: 3, failing_since: ago(1 / 480) }),
  video('i', { days: 1 / 240, status: 'queued' }),
];

interface Seeded {
  readonly hold?: number;
  readonly days: number;
  /** Seconds; absent while it runs. */
  readonly took?: number;
  readonly [column: string]: unknown;
}

function video(id: string, { hold, days, took, ...columns }: Seeded): Row {
  return {
    id: `video_${id}`,
    account_id: 'beta',
    key_id: 'key_site',
    hold_id: hold === undefined ? `hold_of_video_${id}` : `hold_${hold}`,
    request_id: `req_of_video_${id}`,
    shape: 'openai',
    model: 'sora',
    terms: '{}',
    request: '{"prompt":"a secret"}',
    provider: 'openai',
    upstream_model: 'sora-2',
    process_id: 'proc_live',
    progress: 40,
    created_at: ago(days),
    finished_at: took === undefined ? null : new Date(ago(days).getTime() + 1000 * took),
    polled_at: ago(0),
    ...columns,
  };
}
