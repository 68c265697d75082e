/**
 * Keeps a recurring duty from taking over the work of others right after the database was away: every lease may have
 * lapsed meanwhile, of those who live as well. Until the next round they can renew theirs, and write what they could not.
 */
export class OutageGuard {
  private isBlind = false;

  /**
   * One round of the duty, which has to ask the database for something.
   * @param round told whether it may take work over: not after a round that failed
   */
  async run(round: (mayTake: boolean) => Promise<void>): Promise<void> {
    const mayTake = !this.isBlind;
    this.isBlind = true;
    await round(mayTake);
    this.isBlind = false;
  }
}
