import cluster from 'node:cluster';
import { SharedLooks } from '../../base/work/shared-looks.js';
import { Siblings, type Question } from '../../base/work/siblings.js';
import type { EndSignals } from '../end-signals.js';
import type { Beginning, FromPrimary, FromWorker } from './messages.js';

/** Longer than the primary waits for anybody. */
const ANSWERS_MS = 5_000;

interface Asking {
  readonly resolve: (answers: readonly unknown[]) => void;
  readonly reject: (failure: Error) => void;
}

/** This worker's line to the primary, and over it to its siblings. */
export class PrimaryLink extends Siblings {
  readonly isAlone = false;
  /** Resolve when the primary says so: never, if it does not. */
  readonly begin: Promise<Beginning>;
  readonly announce: Promise<void>;
  private readonly answers = new Map<Question, () => unknown>();
  private readonly asking = new Map<number, Asking>();
  private readonly looks = new SharedLooks();
  private lastId = 0;

  /** @param signals hears of the end from the primary, and from its silence when it has died */
  constructor(signals: EndSignals) {
    super();
    this.begin = new Promise((resolve) => {
      process.on('message', (message: FromPrimary) => {
        if (message.type === 'begin') resolve(message);
      });
    });
    this.announce = new Promise((resolve) => {
      process.on('message', (message: FromPrimary) => {
        if (message.type === 'announce') resolve();
      });
    });
    process.on('message', (message: FromPrimary) => this.hear(message, signals));
    cluster.worker?.on('disconnect', () => {
      // Otherwise Node ends this process at once.
      if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
      for (const { reject } of this.asking.values()) reject(new Error('the primary is gone'));
      signals.hear();
    });
  }

  /** Resolves when the message is on its way, or never will be. */
  tell(message: FromWorker): Promise<void> {
    return new Promise((resolve) => {
      if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
      else resolve();
    });
  }

  answerWith(question: Question, answer: () => unknown): void {
    this.answers.set(question, answer);
  }

  /** What this process answers itself. */
  own(question: Question): Promise<unknown> {
    return Promise.resolve(this.answers.get(question)?.());
  }

  ask(question: Question): Promise<readonly unknown[]> {
    return this.looks.share(question, () => this.askOnce(question));
  }

  private async askOnce(question: Question): Promise<readonly unknown[]> {
    const own = await this.own(question);
    const id = (this.lastId += 1);
    let timer: NodeJS.Timeout | undefined;
    try {
      const others = await new Promise<readonly unknown[]>((resolve, reject) => {
        timer = setTimeout(() => reject(new Error('the primary does not answer')), ANSWERS_MS);
        this.asking.set(id, { resolve, reject });
        if (!process.connected) reject(new Error('the primary is gone'));
        void this.tell({ type: 'ask', id, question, own });
      });
      return [own, ...others];
    } finally {
      clearTimeout(timer);
      this.asking.delete(id);
    }
  }

  private hear(message: FromPrimary, signals: EndSignals): void {
    switch (message.type) {
      case 'end':
        signals.hear();
        break;
      case 'reload':
        process.emit('SIGHUP', 'SIGHUP');
        break;
      case 'asked':
        void this.answer(message.id, message.question);
        break;
      case 'answers':
        this.asking.get(message.id)?.resolve(message.answers);
        break;
      default:
    }
  }

  /** What cannot be answered is as good as silence. */
  private async answer(id: number, question: Question): Promise<void> {
    try {
      await this.tell({ type: 'answer', id, answer: await this.own(question) });
    } catch {
      // The primary counts it.
    }
  }
}
