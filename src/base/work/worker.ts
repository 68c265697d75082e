import { SetMetadata } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';

/**
 * The phases of a process. They end in this order and begin in the reverse one: the intake of work, calls that clients
 * wait for, work at upstreams without a client, upkeep, and the lease that the others depend on.
 */
export const PHASES = ['intake', 'calls', 'upstreams', 'upkeep', 'lease'] as const;
export type Phase = (typeof PHASES)[number];

/** Work that lives as long as its process. All methods are optional. */
export interface Worker {
  /** Called before the process listens; the process waits for it. */
  start?(): void | Promise<void>;
  /** Resolves when no work is running that somebody waits for. */
  whenIdle?(): Promise<void>;
  /** Ends the work that somebody waits for, and tells the client. */
  cutOff?(): void;
  /** Resolves when nothing is running any more. */
  stop?(): void | Promise<void>;
}

/** Marks a provider that is a `Worker` of this phase. */
export const LivesIn = DiscoveryService.createDecorator<Phase>();

/** Often enough to take over the work of a dead process before a second lease would have ended. */
export const EACH_THIRD_OF_A_LEASE = 'each third of a lease';

export interface Duty {
  /** Its name in the log when it fails. */
  readonly name: string;
  /** Milliseconds from one start to the next. */
  readonly every: number | typeof EACH_THIRD_OF_A_LEASE;
  readonly phase: Phase;
}

export const DUTY = 'slipstream:duty';

type Work = (signal: AbortSignal) => Promise<unknown>;

/**
 * Marks a method that is called repeatedly, one call at a time, until its phase ends. Then the signal aborts, and the
 * running call is awaited. A failure is logged and does not end the repetition.
 */
export function Recurs(
  duty: Duty,
): <Method extends Work>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void {
  return SetMetadata(DUTY, duty);
}
