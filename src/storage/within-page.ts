import { MAX_PAGE_BYTES } from '../responses/response-store.js';

/**
 * The rows of a page that fit into `MAX_PAGE_BYTES`, at least one, each with the number of all rows as `found`.
 *
 * @param page a query of the page
 * @param content the column that is measured
 * @param order the order of the page, in its own columns
 */
export function withinPage(page: string, content: string, order: string): string {
  return `SELECT * FROM (
    SELECT p.*, count(*) OVER () AS found, coalesce(sum(octet_length(p.${content}::text)) OVER (
      ORDER BY ${order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes_before
    FROM (${page}) AS p) AS measured
  WHERE bytes_before < ${MAX_PAGE_BYTES} ORDER BY ${order}`;
}
