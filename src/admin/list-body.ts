import { GatewayError } from '../base/errors/gateway-error.js';

export interface ListBody<Row> {
  readonly object: 'list';
  readonly data: readonly Row[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

export function listBody<Row extends { readonly id: string }>(
  data: readonly Row[],
  hasMore: boolean,
): ListBody<Row> {
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: hasMore,
  };
}

/** The error for a page after a row that does not exist: an empty page would look like the end of the list. */
export function unknownAfter(): GatewayError {
  return new GatewayError('invalid_value', '`after` must be the `last_id` of a page of this list.', {
    param: 'after',
  });
}
