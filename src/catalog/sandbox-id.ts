/** Ids with this prefix belong to the built-in sandbox; only they take options after a colon. */
export const SANDBOX_PREFIX = 'sandbox/';
