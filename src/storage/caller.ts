/** Whether a key can pay; `key` is the alias of its row. */
export function lives(key: string): string {
  return `${key}.revoked_at IS NULL AND (${key}.expires_at IS NULL OR ${key}.expires_at > now())`;
}

/**
 * The table expression `caller` with the `id` of the key and its `account_id`. It has no row for a payer who does not
 * exist or cannot pay.
 * @param payer the parameter with the payer's hash
 */
export function callerBy(payer: string): string {
  return `caller AS (SELECT k.id, k.account_id FROM api_keys k WHERE k.key_hash = ${payer} AND ${lives('k')})`;
}
