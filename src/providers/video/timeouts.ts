/** Time limit of one request about a job; its answer is short and immediate. */
export const JOB_TIMEOUT_MS = 30_000;

/** Time limit of one submission, the upload of an image included. */
export const SUBMISSION_TIMEOUT_MS = 120_000;
