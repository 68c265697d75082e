/** A figure of a key row, and its total over other rows; rows of a key that does not exist are a difference too. */
export function keyFigure(column: string, source: string, totals: string): string {
  return `SELECT coalesce(k.id, t.key_id), '${column}', k.${column}, coalesce(t.total, 0), '${source}'
    FROM api_keys k FULL JOIN (SELECT * FROM (${totals} GROUP BY 1) AS g WHERE key_id IS NOT NULL) AS t ON t.key_id = k.id
    WHERE k.${column} IS DISTINCT FROM coalesce(t.total, 0)`;
}
