import type { ItemPage } from './response-store.js';

/** One page, as the API lists items. */
export function itemList({ items, hasMore }: ItemPage): object {
  return {
    object: 'list',
    data: items,
    first_id: items[0]?.['id'] ?? null,
    last_id: items.at(-1)?.['id'] ?? null,
    has_more: hasMore,
  };
}
