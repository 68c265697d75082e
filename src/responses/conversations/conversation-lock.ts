import { performance } from 'node:perf_hooks';

/** How long a lock lasts without a hold. */
export const UNTIL_HELD_MS = 60_000;
/** A hold is requested within this time, so that it is granted or refused well before the lock lapses. */
const USED_WITHIN_MS = 15_000;

/** The right of one response to run on a conversation. It is taken before the hold and ends with the hold. */
export class ConversationLock {
  private isUsed = false;

  /** `askedAt`: `performance.now()` when the lock was asked for; `giveBack` is called at most once. */
  constructor(
    private readonly askedAt: number,
    private readonly giveBack: () => void,
  ) {}

  /** From here on the lock belongs to the hold. @throws Error when the lock is so old that it may have lapsed */
  use(): void {
    this.isUsed = true;
    if (performance.now() - this.askedAt > USED_WITHIN_MS)
      throw new Error('the lock of the conversation was taken too long ago');
  }

  /** The hold was not granted. */
  refused(): void {
    this.giveBack();
  }

  /** Releases the lock unless the hold was requested. */
  releaseUnused(): void {
    if (this.isUsed) return;
    this.isUsed = true;
    this.giveBack();
  }
}
