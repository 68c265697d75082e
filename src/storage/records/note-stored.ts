/**
 * Adds to what accounts have stored: one row for each account.
 * @param rows a part of the statement, named `f`, with the columns `account_id` and `bytes`
 */
export function noteStored(rows: string, where = ''): string {
  return `INSERT INTO stored_changes (account_id, bytes)
  SELECT f.account_id, sum(f.bytes) FROM ${rows} ${where} GROUP BY f.account_id`;
}
