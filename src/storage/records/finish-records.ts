/**
 * What a statement that ends holds adds for stored calls. `ended` is its first part, which has the columns `ordinal`
 * and `outcome`; `first` is the number of the first parameter of `endColumns`. A record that has ended keeps its end.
 */
export function finishingRecords(ended: string, first: number): string {
  const at = (offset: number, type: string): string => `$${first + offset}::${type}[]`;
  return `
WITH ended AS MATERIALIZED (${ended}),
finished AS (
  UPDATE responses r
  SET status = e.status, finished_at = now(), last_used_at = now(), request = NULL,
      envelope = CASE WHEN r.deleted_at IS NULL THEN e.envelope::json END
  FROM unnest(${at(0, 'int')}, ${at(1, 'text')}, ${at(2, 'text')}, ${at(3, 'text')}) AS e (call, id, status, envelope)
  WHERE r.id = e.id AND r.finished_at IS NULL
  RETURNING e.call, r.id, r.account_id, r.deleted_at),
items AS (
  INSERT INTO response_items (response_id, direction, position, account_id, item_id, item)
  SELECT f.id, 1, i.position, f.account_id, i.item_id, i.item::json
  FROM unnest(${at(4, 'int')}, ${at(5, 'int')}, ${at(6, 'text')}, ${at(7, 'text')}) AS i (call, position, item_id, item)
  JOIN finished f ON f.call = i.call WHERE f.deleted_at IS NULL ON CONFLICT DO NOTHING),
events AS (
  INSERT INTO response_events (response_id, sequence_number, type, event)
  SELECT f.id, v.sequence_number, v.type, v.event::json
  FROM unnest(${at(8, 'int')}, ${at(9, 'int')}, ${at(10, 'text')}, ${at(11, 'text')}) AS v (call, sequence_number, type, event)
  JOIN finished f ON f.call = v.call WHERE f.deleted_at IS NULL ON CONFLICT DO NOTHING)
SELECT * FROM ended`;
}
