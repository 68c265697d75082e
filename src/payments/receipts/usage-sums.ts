/** What receipts add up to, day by day, kept so that nobody reads them all to know it. */
export abstract class UsageSums {
  /**
   * Sums up the next receipts, at most `limit` and those of the same millisecond as the last. Two at once do no harm.
   *
   * @returns whether there are more
   */
  abstract add(limit: number): Promise<boolean>;
}
