import { performance } from 'node:perf_hooks';

/** How long a lock stands without a hold. */
export const UNTIL_HELD_MS = 60_000;
/** A hold is asked for within this time, and granted or not well before the lock has lapsed. */
const USED_WITHIN_MS = 15_000;

/** The right of one response to run on a conversation, from before its hold is taken. With the hold it ends by itself. */
export class ConversationLock {
  private isUsed = false;

  /** `askedAt`: `performance.now()` when the lock was asked for; `giveBack` is called at most once. */
  constructor(
    private readonly askedAt: number,
    private readonly giveBack: () => void,
  ) {}

  /** From here on the lock is the hold's. @throws Error when so much time has gone that it may have lapsed */
  use(): void {
    this.isUsed = true;
    if (performance.now() - this.askedAt > USED_WITHIN_MS)
      throw new Error('the lock of the conversation was taken too long ago');
  }

  /** The hold was not granted. */
  refused(): void {
    this.giveBack();
  }

  /** Nobody asked for the hold. Without effect when somebody did. */
  releaseUnused(): void {
    if (this.isUsed) return;
    this.isUsed = true;
    this.giveBack();
  }
}
