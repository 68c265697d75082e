import { type Client } from 'pg';
import { MigrationError } from './migration-error.js';

/**
 * An index of a table that may be large, as a migration writes it: `CREATE INDEX IF NOT EXISTS name ON …;` at the
 * beginning of a line.
 */
const ONLINE = /^CREATE (UNIQUE )?INDEX IF NOT EXISTS "?(\w+)"? (ON [^;]+);/gm;

/** Statements that build the indexes of a migration one by one while others write to their tables. */
export interface OnlineIndex {
  readonly name: string;
  readonly build: string;
}

export function onlineIndexesOf(sql: string): readonly OnlineIndex[] {
  return [...sql.matchAll(ONLINE)].map(([, unique = '', name = '', on = '']) => ({
    name,
    build: `CREATE ${unique}INDEX CONCURRENTLY "${name}" ${on}`,
  }));
}

/**
 * Builds an index before the migration that names it, which finds it there: a migration is one transaction, in which an
 * index can only be built with its table locked against every write, for minutes where there are tens of millions of rows.
 *
 * It waits for the transactions that run, and so must not be called while a lock is held that one of them waits for.
 * @throws MigrationError
 */
export async function buildOnline(client: Client, { name, build }: OnlineIndex): Promise<void> {
  const { rows } = await client.query<{ isValid: boolean }>(
    `SELECT indisvalid AS "isValid" FROM pg_index WHERE indexrelid = to_regclass($1)`,
    [name],
  );
  if (rows[0]?.isValid === true) return;
  // What was broken off stays behind, is kept up to date by every write, and answers nothing.
  if (rows[0] !== undefined) await client.query(`DROP INDEX CONCURRENTLY "${name}"`);
  await client.query(build).catch((cause: unknown) => {
    throw new MigrationError(`The index "${name}" could not be built. The next start tries it again.`, {
      cause,
    });
  });
}
