/** The database cannot be asked at the moment: it is away, takes no writes, or has no room. Nothing is wrong with the question. */
export class DatabaseAway extends Error {
  override readonly name = 'DatabaseAway';

  constructor(cause: unknown) {
    super('the database cannot be used at the moment', { cause });
  }
}
