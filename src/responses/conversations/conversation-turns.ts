import { performance } from 'node:perf_hooks';
import { Injectable, Logger } from '@nestjs/common';
import { DatabaseAway } from '../../base/errors/database-away.js';
import { ConversationLock, UNTIL_HELD_MS } from './conversation-lock.js';
import { conversationNotFound } from './conversation-not-found.js';
import { ConversationQueues } from './conversation-queues.js';
import { ConversationWait } from './conversation-wait.js';
import { ConversationStore, type Attempt, type LockRequest } from './conversation-store.js';

export interface Waiting {
  /** The field that named the conversation, if a field did. */
  readonly param?: string;
  /** Aborted when the client has left; its reason is thrown. */
  readonly left?: AbortSignal;
}

/** Serialises runs and writes on one conversation across all replicas. */
@Injectable()
export class ConversationTurns {
  private readonly logger = new Logger(ConversationTurns.name);

  constructor(
    private readonly store: ConversationStore,
    private readonly queues: ConversationQueues,
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
    const attempt = (): Promise<Attempt> => {
      askedAt = performance.now();
      return this.store.lock({ ...request, untilHeldMs: UNTIL_HELD_MS });
    };
    try {
      await this.inTurn(id, attempt, { param: 'conversation', left });
    } catch (failure) {
      // The answer may be what was lost: the lock would keep everybody out until it lapses.
      if (failure instanceof DatabaseAway && failure.isUncertain) this.unlock(id, responseId);
      throw failure;
    }
    return new ConversationLock(askedAt, () => this.unlock(id, responseId));
  }

  /**
   * Repeats the attempt while a response runs on the conversation. Earlier requests of this process go first.
   *
   * @throws GatewayError conversation_not_found, conversation_locked
   */
  async inTurn(id: string, attempt: () => Promise<Attempt>, { param, left }: Waiting = {}): Promise<void> {
    const isDone = async (): Promise<boolean> => {
      const outcome = await attempt();
      if (outcome === 'absent') throw conversationNotFound(id, param);
      return outcome === 'done';
    };
    const deadline = performance.now() + this.wait.ms;
    if (!this.queues.has(id) && (await isDone())) return;
    const place = this.queues.enter(id);
    try {
      do await place.called(deadline, left);
      while (!(await isDone()));
    } finally {
      place.leave();
    }
  }

  /** A lock that cannot be released lapses. */
  private unlock(id: string, responseId: string): void {
    this.store.unlock(id, responseId).catch((failure: unknown) => {
      this.logger.warn({ msg: 'a conversation stays locked for a while', responseId, err: failure });
    });
  }
}
