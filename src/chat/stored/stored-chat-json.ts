import type { JsonObject } from '../../base/json.js';
import { receiptInBody } from '../../base/money/receipt-json.js';
import type { PageRequest } from '../../base/shape/page-query.js';
import type { StoredCompletion } from './chat-completion-store.js';

/** The completion as its client got it, with its metadata, and on the native surface with its receipt. */
export function completionJson(
  { completion, metadata, receipt }: StoredCompletion,
  { withReceipt }: { readonly withReceipt: boolean },
): object {
  return {
    ...completion,
    metadata,
    ...(withReceipt && receipt && { compose_receipt: receiptInBody(receipt) }),
  };
}

export function listJson(data: readonly (object & { readonly id?: unknown })[], hasMore: boolean): object {
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: hasMore,
  };
}

/** A page of the request's messages. Each message gets an id; content that came in parts is shown in parts. */
export function messagePage(
  id: string,
  { messages }: StoredCompletion,
  { limit, order, after }: PageRequest,
): object {
  const shown = messages.map((message, index) => messageJson(message, `${id}-${index}`));
  if (order === 'desc') shown.reverse();
  const last = after === undefined ? -1 : shown.findIndex((message) => message['id'] === after);
  const rest = after !== undefined && last === -1 ? [] : shown.slice(last + 1);
  return listJson(rest.slice(0, limit), rest.length > limit);
}

function messageJson(message: JsonObject, id: string): JsonObject {
  const { content = null } = message;
  const parts = Array.isArray(content) ? content : null;
  return { refusal: null, ...message, id, content: parts ? null : content, content_parts: parts };
}
