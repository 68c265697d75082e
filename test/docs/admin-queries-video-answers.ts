import { ago } from './admin-queries-rows.js';

/** As in the expected answers of the other questions. */
export const VIDEO_ANSWERS: Readonly<Record<string, readonly object[]>> = {
  'Which videos failed, and why?': [
    {
      ...{ created_at: ago(1), account: 'beta', model: 'sora', provider: 'openai', error_code: 'gone' },
      ...{ attempt: 1, video_id: 'video_j', request_id: 'req_of_video_j' },
    },
    {
      ...{
        created_at: ago(2),
        account: 'beta',
        model: 'sora',
        provider: 'openai',
        error_code: 'content_policy',
      },
      ...{ attempt: 1, video_id: 'video_e', request_id: 'req_of_video_e' },
    },
  ],
  'Which videos take unusually long, or cannot be asked for?': [
    {
      ...{
        created_at: ago(2 / 24),
        account: 'beta',
        model: 'sora',
        provider: 'openai',
        status: 'processing',
      },
      ...{ progress: 40, polled_at: ago(0), failed_polls: 0, failing_since: null, video_id: 'video_g' },
    },
    {
      ...{ created_at: ago(1 / 240), account: 'beta', model: 'sora', provider: 'openai', status: 'queued' },
      ...{
        progress: 40,
        polled_at: ago(0),
        failed_polls: 3,
        failing_since: ago(1 / 480),
        video_id: 'video_h',
      },
    },
  ],
  'What do videos cost, and how long do they take?': [
    { model: 'sora', videos: 2, amount: '10403', seconds: 60 },
    { model: 'veo', videos: 1, amount: '1010', seconds: 10 },
  ],
};
