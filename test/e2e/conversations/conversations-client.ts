import { expect } from '@jest/globals';
import type { Pool } from 'pg';
import type { JsonObject } from '../../../src/base/json.js';
import type { ScriptedUpstream } from '../../support/scripted-upstream.js';

export interface ConversationBody {
  readonly id: string;
  readonly object: string;
  readonly created_at: number;
  readonly metadata: JsonObject;
}

export interface ItemList {
  readonly object: string;
  readonly data: readonly JsonObject[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

/** One account's calls of the Conversations API, and of the Responses API on conversations. */
export class ConversationsClient {
  constructor(
    private readonly url: string,
    private readonly key: string,
    private readonly surface = '/external/v1',
  ) {}

  call(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    return fetch(`${this.url}${this.surface}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  }

  async create(body: object = {}): Promise<string> {
    return (await bodyOf<ConversationBody>(await this.call('POST', '/conversations', body))).id;
  }

  find(id: string): Promise<Response> {
    return this.call('GET', `/conversations/${id}`);
  }

  erase(id: string): Promise<Response> {
    return this.call('DELETE', `/conversations/${id}`);
  }

  add(id: string, items: unknown): Promise<Response> {
    return this.call('POST', `/conversations/${id}/items`, { items });
  }

  item(id: string, itemId: string): Promise<Response> {
    return this.call('GET', `/conversations/${id}/items/${itemId}`);
  }

  removeItem(id: string, itemId: string): Promise<Response> {
    return this.call('DELETE', `/conversations/${id}/items/${itemId}`);
  }

  list(id: string, query = ''): Promise<Response> {
    return this.call('GET', `/conversations/${id}/items${query}`);
  }

  async page(id: string, query = ''): Promise<ItemList> {
    return bodyOf<ItemList>(await this.list(id, query));
  }

  /** Texts of the messages, oldest first. */
  async texts(id: string): Promise<readonly string[]> {
    const { data } = await this.page(id, '?order=asc&limit=100');
    return data.map(textOf);
  }

  /** A response on a conversation: `test-model` unless the body names another. */
  respond(conversation: string, input: unknown, body: object = {}, signal?: AbortSignal): Promise<Response> {
    return this.call('POST', '/responses', { model: 'test-model', conversation, input, ...body }, signal);
  }

  async responded(conversation: string, input: unknown, body: object = {}): Promise<JsonObject> {
    return bodyOf<JsonObject>(await this.respond(conversation, input, body));
  }
}

export async function bodyOf<Body>(answer: Response): Promise<Body> {
  const text = await answer.text();
  expect({ status: answer.status, text }).toMatchObject({ status: 200 });
  return JSON.parse(text) as Body;
}

/** All text of a message; of anything else its type. */
export function textOf({ type, content }: JsonObject): string {
  if (type !== 'message') return type as string;
  return (content as readonly { text?: string }[]).map(({ text }) => text ?? '').join('');
}

export function said(content: string, role = 'user'): JsonObject {
  return { type: 'message', role, content };
}

/** The response that has locked a conversation. */
export async function lockedBy(pool: Pool, id: string): Promise<string | null | undefined> {
  const { rows } = await pool.query<{ locked_by: string | null }>(
    'SELECT locked_by FROM conversations WHERE id = $1',
    [id],
  );
  return rows[0]?.locked_by;
}

/** What the upstream was told: the text of each message of one request. */
export function told(upstream: ScriptedUpstream, position: number): readonly unknown[] {
  const messages = upstream.requests[position]?.body['messages'] as readonly JsonObject[];
  return messages.map(({ content }) => content);
}
