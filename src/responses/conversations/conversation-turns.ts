import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { GatewayError } from '../../errors/gateway-error.js';
import { Drain } from '../../health/drain.js';
import { ConversationLock, UNTIL_HELD_MS } from './conversation-lock.js';
import { conversationNotFound } from './conversation-not-found.js';
import { ConversationWait } from './conversation-wait.js';
import { ConversationStore, type Attempt, type LockRequest } from './conversation-store.js';

/** How often a conversation is asked for again. */
const LOOK_MS = 50;

export interface Waiting {
  /** The field that named the conversation, if a field did. */
  readonly param?: string;
  /** Aborted when nobody waits any more; its reason is thrown. */
  readonly left?: AbortSignal;
}

/** Lets runs and writes on one conversation come one after another, over all replicas. */
@Injectable()
export class ConversationTurns {
  private readonly logger = new Logger(ConversationTurns.name);

  constructor(
    private readonly store: ConversationStore,
    private readonly drain: Drain,
    private readonly wait: ConversationWait,
  ) {}

  /**
   * Locks a conversation for a response that has no hold yet.
   *
   * @throws GatewayError conversation_not_found, conversation_locked
   */
  async lock(request: Omit<LockRequest, 'untilHeldMs'>, left: AbortSignal): Promise<ConversationLock> {
    const { id, responseId } = request;
    let askedAt = 0;
    await this.inTurn(
      id,
      () => {
        askedAt = performance.now();
        return this.store.lock({ ...request, untilHeldMs: UNTIL_HELD_MS });
      },
      { param: 'conversation', left },
    );
    return new ConversationLock(askedAt, () => this.unlock(id, responseId));
  }

  /** Tries again while a response runs on it. @throws GatewayError conversation_not_found, conversation_locked */
  async inTurn(id: string, attempt: () => Promise<Attempt>, { param, left }: Waiting = {}): Promise<void> {
    const deadline = performance.now() + this.wait.ms;
    for (;;) {
      const outcome = await attempt();
      if (outcome === 'done') return;
      if (outcome === 'absent') throw conversationNotFound(id, param);
      if (this.drain.draining)
        throw new GatewayError('service_unavailable', undefined, { retryAfterSeconds: 1 });
      if (performance.now() > deadline)
        throw new GatewayError('conversation_locked', undefined, {
          param: 'conversation',
          retryAfterSeconds: 1,
        });
      await sleep(LOOK_MS);
      left?.throwIfAborted();
    }
  }

  /** A lock that cannot be given back lapses. */
  private unlock(id: string, responseId: string): void {
    this.store.unlock(id, responseId).catch((failure: unknown) => {
      this.logger.warn({ msg: 'a conversation stays locked for a while', responseId, err: failure });
    });
  }
}
