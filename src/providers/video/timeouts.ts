/** Of one question about a job; its answer is short and made at once. */
export const JOB_TIMEOUT_MS = 30_000;

/** Of one submission, the upload of an image included. */
export const SUBMISSION_TIMEOUT_MS = 120_000;
