/** Who asks the same question while it is being answered shares the answer. */
export class SharedLooks {
  private readonly running = new Map<string, Promise<unknown>>();

  /** @param question names what is looked at, and from when on an answer is good */
  share<Found>(question: string, look: () => Promise<Found>): Promise<Found> {
    const running = this.running.get(question) as Promise<Found> | undefined;
    if (running) return running;
    const begun = look().finally(() => this.running.delete(question));
    this.running.set(question, begun);
    return begun;
  }
}
