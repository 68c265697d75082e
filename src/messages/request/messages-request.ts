import { GatewayError } from '../../base/errors/gateway-error.js';
import type { JsonObject } from '../../base/json.js';
import { objectIn, textIn } from '../../base/json-fields.js';
import { checkerOf } from '../../base/shape/checker.js';
import { countSchema, messagesSchema } from './messages-schema.js';
import { refuseUnpaired } from './refuse-unpaired.js';
import { refuseUnsupported } from './refuse-unsupported.js';

/** One request for a Message, checked for shape. */
export interface MessagesRequest {
  /** As it was sent; the answer has the same name. */
  readonly model: string;
  readonly stream: boolean;
  /** 0 only warms the cache of an upstream that has one. Absent when only counting. */
  readonly maxTokens: number | undefined;
  /** Whether the client wants the signatures of reasoning without its text. */
  readonly omitsThinking: boolean;
  /** Absent: nothing is stored. */
  readonly thread?: ThreadOption | undefined;
  /** The body as the client sent it. */
  readonly body: JsonObject;
}

export type ThreadOption =
  | { readonly type: 'create' }
  /** `previousMessageId` as it was sent. */
  | { readonly type: 'continue'; readonly previousMessageId: string };

const checkMessages = checkerOf(messagesSchema);
const checkCount = checkerOf(countSchema);

/** @throws GatewayError 400 with the path of the field that is wrong */
export function parseMessagesRequest(body: JsonObject): MessagesRequest {
  checkMessages(body);
  const thread = threadIn(body);
  if (thread?.type !== 'continue') refuseEmpty(body);
  return { ...parsed(body, thread?.type === 'continue'), thread };
}

/** The body of `count_tokens`. @throws GatewayError 400 with the path of the field that is wrong */
export function parseCountRequest(body: JsonObject): MessagesRequest {
  checkCount(body);
  refuseEmpty(body);
  return parsed(body, false);
}

/** @param isContinued whether the first messages answer what the store has */
function parsed(body: JsonObject, isContinued: boolean): MessagesRequest {
  refuseUnsupported(body);
  refuseUnpaired(body, isContinued);
  const { max_tokens: maxTokens } = body;
  return {
    model: textIn(body['model']) ?? '',
    stream: body['stream'] === true,
    maxTokens: typeof maxTokens === 'number' ? maxTokens : undefined,
    omitsThinking: objectIn(body['thinking'])['display'] === 'omitted',
    body,
  };
}

/** Claude Code marks a name for which it assumes a window of a million tokens. */
const LONG_WINDOW = /\[1m\]$/;

/** The name to look up. */
export function catalogName({ model }: MessagesRequest): string {
  const name = model.replace(LONG_WINDOW, '');
  if (name === '') throw new GatewayError('model_not_found', undefined, { param: 'model' });
  return name;
}

function threadIn(body: JsonObject): ThreadOption | undefined {
  const thread = objectIn(body['thread']);
  if (thread['type'] === undefined) return undefined;
  if (thread['type'] === 'create') return { type: 'create' };
  const fixed = ['system', 'tools'].find((field) => (body[field] ?? null) !== null);
  if (fixed !== undefined)
    throw new GatewayError('invalid_value', `\`${fixed}\` cannot change in a thread; create a new one.`, {
      param: fixed,
    });
  return { type: 'continue', previousMessageId: textIn(thread['previous_message_id']) ?? '' };
}

function refuseEmpty({ messages }: JsonObject): void {
  if (Array.isArray(messages) && messages.length > 0) return;
  throw new GatewayError('invalid_value', '`messages` must have at least 1 item.', { param: 'messages' });
}
