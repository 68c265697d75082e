/** How often a process looks whether what it runs is to be cancelled, milliseconds. */
export const CANCEL_POLL_MS = Symbol('cancel poll milliseconds');

/** How long a request waits for the end of a run that it asked for, milliseconds: longer than a dead process's lease. */
export const END_WAIT_MS = Symbol('end wait milliseconds');

/** How long stored content is kept: RetentionSettings. */
export const RETENTION = Symbol('retention');
