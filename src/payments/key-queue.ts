import type { KeyRecord } from './keys/key-store.js';
import { isRefusal, type HoldGrant, type HoldRefusal } from './ledger.js';
import type { Payer } from './payer.js';

/** How often the key is read, to see what other processes, sweeps and operators have given back. */
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
  /** The call need not wait any more: it gets its last refusal, unless its hold is being asked for just now. */
  readonly leave: () => void;
}

interface Waiter {
  readonly claim: Claim;
  readonly deadline: NodeJS.Timeout;
  readonly settle: (answer: HoldAnswer) => void;
  readonly fail: (failure: unknown) => void;
  refusal: HoldRefusal;
  isAsking: boolean;
  /** The call waits no longer: the next answer is final. */
  isOver: boolean;
}

/**
 * The calls of one key that wait for its budget, in the order of their arrival. Only the first one asks for its hold:
 * when a hold of the key has ended here, or when a look at the key shows that enough is free. There are two looks a
 * second for all calls together. A call whose time is over asks once more for itself, so that no call is refused
 * while enough is free for it.
 */
export class KeyQueue {
  private readonly waiters = new Set<Waiter>();
  private serving = false;
  private again = false;
  private timer: NodeJS.Timeout | undefined;
  /** The most that a call could have got when the key was last read; undefined for any amount. */
  private spendable: bigint | undefined;
  private free = 0n;

  constructor(
    private readonly look: () => Promise<KeyRecord | undefined>,
    private readonly waitMs: number,
    /** No call waits any more; the queue is not used again. */
    private readonly whenEmpty: () => void,
  ) {}

  /** Whether such a call has to queue behind those that wait; one that costs nothing, or too much, need not. */
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

  /** Gives holds to the first calls, as long as enough is free. Never rejects. */
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

  /** A call whose hold is being asked for just now ends with that answer. */
  private end(waiter: Waiter, refusal: HoldRefusal): void {
    waiter.isOver = true;
    if (!waiter.isAsking) this.conclude(waiter, refusal);
  }

  private async serveOnce(): Promise<void> {
    if (!(await this.lookAtKey())) return;
    // No hold that comes back helps these calls: the books say why they are refused.
    for (const waiter of this.waiters) if (!this.isInReach(waiter.claim.minimum)) void this.ask(waiter);
    for (const waiter of this.waiters) {
      if (waiter.isAsking) continue;
      if (this.free < waiter.claim.minimum || !(await this.ask(waiter))) return;
    }
  }

  /** False when the books cannot be read. A call finds that out when it asks for its hold, at the end of its time. */
  private async lookAtKey(): Promise<boolean> {
    try {
      const key = await this.look();
      // If the key has gone, or is unlimited now, its calls learn that from the books at once.
      const isLimited = key && !key.revokedAt && key.budgetLimit !== null;
      this.spendable = isLimited ? key.budgetLimit - key.budgetSpent : undefined;
      this.free = isLimited ? key.budgetLimit - key.budgetSpent - key.budgetHeld : MUCH;
      return true;
    } catch {
      return false;
    }
  }

  /** @returns whether the next call may ask. */
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

/** The refusals after which a call goes on waiting. */
const MAY_PASS: ReadonlySet<HoldRefusal['reason']> = new Set(['budget_held', 'rate_limited']);
