/** What one process of a gateway asks the others. */
export type Question = 'metrics' | 'targets';

/** The processes that serve one port together. */
export abstract class Siblings {
  /** Whether this process serves the port alone. */
  abstract readonly isAlone: boolean;

  /** Says what this process answers, to its siblings and to itself. */
  abstract answerWith(question: Question, answer: () => unknown): void;

  /**
   * What this process and its siblings answer, its own answer first. Those that do not answer in time are left out.
   * @throws Error when siblings cannot be asked
   */
  abstract ask(question: Question): Promise<readonly unknown[]>;
}

/** A process that serves its port alone. */
export class NoSiblings extends Siblings {
  readonly isAlone = true;
  private readonly answers = new Map<Question, () => unknown>();

  answerWith(question: Question, answer: () => unknown): void {
    this.answers.set(question, answer);
  }

  async ask(question: Question): Promise<readonly unknown[]> {
    return [await this.answers.get(question)?.()];
  }
}
