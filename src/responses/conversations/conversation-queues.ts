import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { Drain } from '../../http/health/drain.js';
import { ConversationStore } from './conversation-store.js';

/** Pause between two looks for conversations that have become free; one look covers all conversations. */
const LOOK_MS = 50;
/** Requests of one process that may wait for one conversation. */
export const MOST_WAITING = 50;

/** The place of a request that waits. */
export interface Place {
  /** Resolves when the conversation looks free and this request is next. Rejects when the wait ends without that. */
  called(untilMs: number, left?: AbortSignal): Promise<void>;
  leave(): void;
}

/** Requests that wait for locked conversations, in order. A look costs one statement, however many requests wait. */
@Injectable()
export class ConversationQueues {
  private readonly queues = new Map<string, Waiter[]>();
  private isLooking = false;

  constructor(
    private readonly store: ConversationStore,
    private readonly drain: Drain,
  ) {}

  /** Whether a request waits for the conversation. */
  has(id: string): boolean {
    return this.queues.has(id);
  }

  /** The caller must always leave the place. @throws GatewayError conversation_locked when too many requests wait */
  enter(id: string): Place {
    const queue = this.queues.get(id) ?? [];
    if (queue.length >= MOST_WAITING) throw conversationLocked();
    const waiter = new Waiter(() => this.leave(id, waiter));
    queue.push(waiter);
    this.queues.set(id, queue);
    if (!this.isLooking) void this.look();
    return waiter;
  }

  private leave(id: string, waiter: Waiter): void {
    const left = (this.queues.get(id) ?? []).filter((other) => other !== waiter);
    if (left.length > 0) this.queues.set(id, left);
    else this.queues.delete(id);
  }

  private async look(): Promise<void> {
    this.isLooking = true;
    while (this.queues.size > 0) {
      await sleep(LOOK_MS);
      try {
        if (this.drain.draining)
          throw new GatewayError('service_unavailable', undefined, { retryAfterSeconds: 1 });
        const free = await this.store.freeAmong([...this.queues.keys()]);
        for (const id of free) this.queues.get(id)?.[0]?.call();
      } catch (failure) {
        for (const waiter of [...this.queues.values()].flat()) waiter.fail(failure);
      }
    }
    this.isLooking = false;
  }
}

class Waiter implements Place {
  private pending: { readonly resolve: () => void; readonly reject: (reason: unknown) => void } | undefined;

  constructor(readonly leave: () => void) {}

  async called(untilMs: number, left?: AbortSignal): Promise<void> {
    left?.throwIfAborted();
    const giveUp = setTimeout(() => this.fail(conversationLocked()), untilMs - performance.now());
    const leave = (): void => this.fail(left?.reason);
    left?.addEventListener('abort', leave);
    try {
      await new Promise<void>((resolve, reject) => (this.pending = { resolve, reject }));
    } finally {
      this.pending = undefined;
      clearTimeout(giveUp);
      left?.removeEventListener('abort', leave);
    }
  }

  call(): void {
    this.pending?.resolve();
  }

  fail(reason: unknown): void {
    this.pending?.reject(reason);
  }
}

function conversationLocked(): GatewayError {
  return new GatewayError('conversation_locked', undefined, { param: 'conversation', retryAfterSeconds: 1 });
}
