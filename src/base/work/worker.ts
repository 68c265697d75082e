import { SetMetadata } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';

/**
 * What a process ends one after the other, in this order, and begins in the reverse one: what lets work in, calls that
 * clients wait for, what goes on at upstreams without a client, what tidies up, and the lease that all of it stands on.
 */
export const PHASES = ['intake', 'calls', 'upstreams', 'upkeep', 'lease'] as const;
export type Phase = (typeof PHASES)[number];

/** Something that lives as long as its process. All of it is optional. */
export interface Worker {
  /** The process has not begun to listen, and waits for it. */
  start?(): void | Promise<void>;
  /** Resolves when nothing is under way that somebody waits for. */
  whenIdle?(): Promise<void>;
  /** Ends what somebody waits for, and tells so. */
  cutOff?(): void;
  /** Resolves when nothing is under way any more. */
  stop?(): void | Promise<void>;
}

/** Marks a provider that is a `Worker` of this phase. */
export const LivesIn = DiscoveryService.createDecorator<Phase>();

/** Often enough that whatever a dead process has left is taken up before a second lease of it would have ended. */
export const EACH_THIRD_OF_A_LEASE = 'each third of a lease';

export interface Duty {
  /** What it is called in the log when it fails. */
  readonly name: string;
  /** Milliseconds, from one beginning to the next. */
  readonly every: number | typeof EACH_THIRD_OF_A_LEASE;
  readonly phase: Phase;
}

export const DUTY = 'slipstream:duty';

type Work = (signal: AbortSignal) => Promise<unknown>;

/**
 * Marks a method that is called again and again, one call at a time, until its phase ends: the signal is aborted then,
 * and the call under way is waited for. A failure is logged and does not end it.
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
