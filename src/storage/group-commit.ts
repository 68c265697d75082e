import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { isLockedOut } from './database-failure.js';
import { LockedLanes, type Bounds, type WaitingCall } from './locked-lanes.js';
import { LOCK_WAIT, type LockWait } from './lock-wait.js';

export interface StatementOptions {
  /** Whether the statement may have been run before. */
  readonly retry: boolean;
  /** How long the statement waits for each row that is locked. */
  readonly lockWait: LockWait;
}

/** A set-based statement: answers in the order of its inputs. */
export type BatchStatement<Input, Output> = (
  inputs: readonly Input[],
  options: StatementOptions,
) => Promise<readonly Output[]>;

const AGAIN = { retry: true, lockWait: LOCK_WAIT.again };

/**
 * Batches calls to the database: the calls of one turn of the event loop go in one statement, and while a statement
 * is under way the next calls gather. A call that comes alone goes alone, when the turn ends. A batch that fails is
 * run again call by call, so that one bad row fails only its own call. A batch that meets a row which another
 * transaction keeps locked is run again lane by lane. From then on the calls of the locked lane wait apart, so that
 * no other call waits with them.
 */
export class GroupCommit<Input, Output> {
  private waiting: WaitingCall<Input, Output>[] = [];
  private underWay = false;
  private readonly locked: LockedLanes<Input, Output>;

  constructor(
    private readonly statement: BatchStatement<Input, Output>,
    private readonly bounds: Bounds,
    private readonly laneOf: (input: Input) => string,
    /** Bytes, roughly, that an input adds to its statement beyond a row of fixed size. */
    private readonly weigh: (input: Input) => number = () => 0,
  ) {
    this.locked = new LockedLanes((calls) => this.sendLane(calls), bounds);
  }

  /** @throws Error when more calls are waiting than the bound allows, or a row has been locked for too long. */
  run(input: Input): Promise<Output> {
    if (this.waiting.length + this.locked.size >= this.bounds.waiting) {
      return Promise.reject(new Error('too many calls are waiting for the database'));
    }
    const lane = this.laneOf(input);
    return new Promise((resolve, reject) => {
      const call = { input, lane, askedAt: performance.now(), resolve, reject };
      if (this.locked.has(lane)) return this.locked.add(lane, [call]);
      this.waiting.push(call);
      if (!this.underWay) void this.drain();
    });
  }

  private async drain(): Promise<void> {
    this.underWay = true;
    while (this.waiting.length > 0) {
      await turnOfTheLoop();
      await this.send(this.waiting.splice(0, this.batchSize()));
    }
    this.underWay = false;
  }

  /** As many calls as fit; at least one, however much it weighs. */
  private batchSize(): number {
    let bytes = 0;
    for (const [index, { input }] of this.waiting.entries()) {
      bytes += this.weigh(input);
      if (index === this.bounds.rows || (index > 0 && bytes > this.bounds.bytes)) return index;
    }
    return this.waiting.length;
  }

  private async send(batch: readonly WaitingCall<Input, Output>[]): Promise<void> {
    const failure = await this.attempt(batch, { retry: false, lockWait: LOCK_WAIT.first });
    if (failure === undefined) return;
    if (!isLockedOut(failure)) return this.sendApart(batch, failure);
    const lanes = new Map<string, WaitingCall<Input, Output>[]>();
    for (const call of batch) lanes.set(call.lane, [...(lanes.get(call.lane) ?? []), call]);
    await Promise.all([...lanes].map(([lane, calls]) => this.sendOrSetAside(lane, calls, lanes.size === 1)));
  }

  private async sendOrSetAside(
    lane: string,
    calls: readonly WaitingCall<Input, Output>[],
    isLocked: boolean,
  ): Promise<void> {
    if (isLocked || !(await this.sendLane(calls))) this.locked.add(lane, calls);
  }

  /** @returns false when a row is locked: then nothing has been done */
  private async sendLane(calls: readonly WaitingCall<Input, Output>[]): Promise<boolean> {
    const failure = await this.attempt(calls, AGAIN);
    if (isLockedOut(failure)) return false;
    if (failure !== undefined) await this.sendApart(calls, failure);
    return true;
  }

  private async sendApart(calls: readonly WaitingCall<Input, Output>[], failure: unknown): Promise<void> {
    if (calls.length === 1) calls[0]?.reject(failure);
    else {
      await Promise.all(
        calls.map(async (call) => {
          const second = await this.attempt([call], { retry: true, lockWait: LOCK_WAIT.first });
          if (second !== undefined) call.reject(second);
        }),
      );
    }
  }

  /** @returns why it failed; undefined when every call has its answer */
  private async attempt(
    calls: readonly WaitingCall<Input, Output>[],
    options: StatementOptions,
  ): Promise<unknown> {
    try {
      deliver(
        calls,
        await this.statement(
          calls.map(({ input }) => input),
          options,
        ),
      );
      return undefined;
    } catch (failure) {
      return failure ?? new Error('the statement failed');
    }
  }
}

function deliver<Input, Output>(
  calls: readonly WaitingCall<Input, Output>[],
  outputs: readonly Output[],
): void {
  calls.forEach(({ resolve, reject }, index) => {
    const output = outputs[index];
    if (output === undefined) reject(new Error('the statement gave no answer for this call'));
    else resolve(output);
  });
}
