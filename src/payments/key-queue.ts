import type { KeyRecord } from './keys/key-store.js';
import { isRefusal, type HoldGrant, type HoldRefusal } from './ledger.js';
import type { Payer } from './payer.js';

/** How often the key is looked at for what other processes, sweeps and operators have given back. */
const LOOK_MS = 500;
const MOST_WAITERS = 100;

export type HoldAnswer = HoldGrant | HoldRefusal;

/** What is to be held for a call. */
export interface Claim {
  readonly payer: Payer;
  /** Atomic USDC. */
  readonly minimum: bigint;
  /** Asks the books. May be called again after a refusal. */
  readonly attempt: () => Promise<HoldAnswer>;
}

export interface PendingHold {
  /** Rejects with what the books threw. */
  readonly answer: Promise<HoldAnswer>;
  /** The call need not wait any more: it gets what it was refused with, unless it is getting its hold just now. */
  readonly leave: () => void;
}

interface Waiter {
  readonly claim: Claim;
  readonly deadline: NodeJS.Timeout;
  readonly settle: (answer: HoldAnswer) => void;
  readonly fail: (failure: unknown) => void;
  refusal: HoldRefusal;
  isAsking: boolean;
  /** It waits no longer: whatever it is answered next is its answer. */
  isOver: boolean;
}

/**
 * The calls of one key that wait for its budget, served in the order of their coming: only the first one asks for its
 * hold, when a hold of the key has ended here and otherwise when a look at the key, twice a second for all of them,
 * shows that enough is free. Whose time is over asks once more for itself, so that nobody is refused while
 * enough is free for it.
 */
export class KeyQueue {
  private readonly waiters = new Set<Waiter>();
  private serving = false;
  private again = false;
  private timer: NodeJS.Timeout | undefined;
  /** The most that a call could have got when the key was last looked at; undefined for any amount. */
  private spendable: bigint | undefined;
  private free = 0n;

  constructor(
    private readonly look: () => Promise<KeyRecord | undefined>,
    private readonly waitMs: number,
    /** Nobody waits any more; the queue is not used again. */
    private readonly whenEmpty: () => void,
  ) {}

  /** Whether such a call has to stand behind those that wait; one of no cost, or of too much, need not. */
  mustQueue(minimum: bigint): boolean {
    return minimum > 0n && this.isInReach(minimum);
  }

  private isInReach(minimum: bigint): boolean {
    return this.spendable === undefined || minimum <= this.spendable;
  }

  refusalFor({ minimum }: Claim): HoldRefusal {
    const remaining = this.free > 0n ? this.free : 0n;
    return { reason: 'budget_held', required: minimum, remaining, retryAfterMs: undefined };
  }

  /** Undefined when too many wait already. */
  enter(claim: Claim, refusal: HoldRefusal): PendingHold | undefined {
    if (this.waiters.size >= MOST_WAITERS) return undefined;
    let leave = (): void => undefined;
    const answer = new Promise<HoldAnswer>((settle, fail) => {
      const deadline = setTimeout(() => {
        waiter.isOver = true;
        void this.ask(waiter);
      }, this.waitMs);
      const waiter: Waiter = { claim, deadline, settle, fail, refusal, isAsking: false, isOver: false };
      this.waiters.add(waiter);
      leave = () => this.end(waiter, waiter.refusal);
    });
    this.timer ??= setInterval(() => void this.serve(), LOOK_MS);
    // A hold may have come back between the refusal and now.
    if (this.waiters.size === 1) void this.serve();
    return { answer, leave };
  }

  /** Gives holds to those that come first, as far as enough is free. Never rejects. */
  async serve(): Promise<void> {
    this.again = true;
    if (this.serving) return;
    this.serving = true;
    while (this.again && this.waiters.size > 0) {
      this.again = false;
      await this.serveOnce();
    }
    this.serving = false;
  }

  close(): void {
    for (const waiter of this.waiters) this.end(waiter, { ...waiter.refusal, reason: 'no_lease' });
  }

  /** One whose hold is being asked for ends with the answer to that. */
  private end(waiter: Waiter, refusal: HoldRefusal): void {
    waiter.isOver = true;
    if (!waiter.isAsking) this.conclude(waiter, refusal);
  }

  private async serveOnce(): Promise<void> {
    if (!(await this.lookAtKey())) return;
    // No hold that comes back helps these: the books have words for them.
    for (const waiter of this.waiters) if (!this.isInReach(waiter.claim.minimum)) void this.ask(waiter);
    for (const waiter of this.waiters) {
      if (waiter.isAsking) continue;
      if (this.free < waiter.claim.minimum || !(await this.ask(waiter))) return;
    }
  }

  /** False when the books cannot be read; that is found out by who asks for a hold, at the end of its time. */
  private async lookAtKey(): Promise<boolean> {
    try {
      const key = await this.look();
      // Who waits with a key that has gone, or is unlimited now, learns it at once from the books.
      const isLimited = key && !key.revokedAt && key.budgetLimit !== null;
      this.spendable = isLimited ? key.budgetLimit - key.budgetSpent : undefined;
      this.free = isLimited ? key.budgetLimit - key.budgetSpent - key.budgetHeld : MUCH;
      return true;
    } catch {
      return false;
    }
  }

  /** @returns whether the next one may be asked for. */
  private async ask(waiter: Waiter): Promise<boolean> {
    if (waiter.isAsking || !this.waiters.has(waiter)) return true;
    waiter.isAsking = true;
    try {
      const answer = await waiter.claim.attempt();
      if (!waiter.isOver && isRefusal(answer) && MAY_PASS.has(answer.reason)) {
        waiter.refusal = answer.reason === 'budget_held' ? answer : waiter.refusal;
        waiter.isAsking = false;
        return false;
      }
      if (!isRefusal(answer)) this.free -= answer.amount;
      this.conclude(waiter, answer);
    } catch (failure) {
      this.remove(waiter);
      waiter.fail(failure);
    }
    return true;
  }

  private conclude(waiter: Waiter, answer: HoldAnswer): void {
    this.remove(waiter);
    waiter.settle(answer);
  }

  private remove(waiter: Waiter): void {
    clearTimeout(waiter.deadline);
    if (!this.waiters.delete(waiter) || this.waiters.size > 0) return;
    clearInterval(this.timer);
    this.whenEmpty();
  }
}

/** More than any hold. */
const MUCH = 1n << 62n;

/** What a call that waits may be refused with and go on waiting. */
const MAY_PASS: ReadonlySet<HoldRefusal['reason']> = new Set(['budget_held', 'rate_limited']);
