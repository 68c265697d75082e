import type { VideoError } from './domain/video-job.js';

export const SUBMISSION_UNKNOWN: VideoError = {
  code: 'submission_unknown',
  message: 'It is not known whether the provider accepted this video. Nothing was charged.',
};
