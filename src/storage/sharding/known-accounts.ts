import type { Pool } from 'pg';

/** The most that are remembered: the oldest go first. */
const MOST = 10_000;

/** What names a row of content without its account. */
type Named = 'responses.id' | 'conversations.id' | 'idempotency_records.response_id';

/**
 * Whose a response or a conversation is. That never changes, so it is asked of all shards once and then remembered, for the
 * work of a process on what it runs: what clients ask for comes with their account.
 */
export class KnownAccounts {
  private readonly accounts = new Map<string, string>();
  private readonly text: string;

  constructor(
    private readonly pool: Pool,
    named: Named,
  ) {
    const [table, column] = named.split('.');
    this.text = `SELECT account_id FROM ${table} WHERE ${column} = $1 LIMIT 1`;
  }

  /** @returns undefined when there is no such row */
  async of(id: string): Promise<string | undefined> {
    const known = this.accounts.get(id);
    if (known !== undefined) return known;
    const { rows } = await this.pool.query<{ account_id: string }>(this.text, [id]);
    const account = rows[0]?.account_id;
    if (account !== undefined) this.remember(id, account);
    return account;
  }

  private remember(id: string, account: string): void {
    if (this.accounts.size >= MOST) {
      const oldest = this.accounts.keys().next();
      if (oldest.done !== true) this.accounts.delete(oldest.value);
    }
    this.accounts.set(id, account);
  }
}
