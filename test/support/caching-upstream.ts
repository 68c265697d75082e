import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JsonValue } from '../../src/base/json.js';
import { chatAnswer } from './chat-wire.js';
import { bodyOf, RestartableUpstream } from './restartable-upstream.js';

/** Bytes of a prompt that are cached, and counted, together. */
const BLOCK = 64;

/**
 * A server of the chat wire with a real prefix cache for each key: a block of a prompt is cached if a prompt with the
 * same bytes up to the end of that block came before. Each block counts as one token.
 */
export class CachingUpstream extends RestartableUpstream {
  /** The key of each call, refused ones included. */
  readonly calls: string[] = [];
  inputTokens = 0;
  cachedTokens = 0;
  /** Keys that have no quota left. */
  readonly spent = new Set<string>();
  private readonly caches = new Map<string, Set<string>>();

  static async start(): Promise<CachingUpstream> {
    const upstream = new CachingUpstream();
    await upstream.listen();
    return upstream;
  }

  protected async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(incoming);
    if (!body) return;
    const key = incoming.headers.authorization?.replace('Bearer ', '') ?? '';
    const { messages } = body;
    const asked = Array.isArray(messages) ? (messages as readonly JsonValue[]) : [];
    this.calls.push(key);
    if (this.spent.has(key)) {
      response.writeHead(429, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: `No quota for ${key}`, code: 'insufficient_quota' } }));
      return;
    }
    const { tokens, cached } = this.read(key, asked.map((message) => JSON.stringify(message)).join(''));
    const usage = {
      prompt_tokens: tokens,
      completion_tokens: 5,
      total_tokens: tokens + 5,
      prompt_tokens_details: { cached_tokens: cached },
    };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(chatAnswer({ content: answerTo(asked.at(-1)) }, 'stop', { usage })));
  }

  private read(key: string, prompt: string): { readonly tokens: number; readonly cached: number } {
    const cache = this.caches.get(key) ?? new Set<string>();
    this.caches.set(key, cache);
    const bytes = Buffer.from(prompt);
    const tokens = Math.ceil(bytes.length / BLOCK);
    const hash = createHash('sha256');
    let cached = 0;
    for (let end = BLOCK; end <= bytes.length; end += BLOCK) {
      hash.update(bytes.subarray(end - BLOCK, end));
      const name = hash.copy().digest('base64');
      if (cache.has(name)) cached += 1;
      cache.add(name);
    }
    this.inputTokens += tokens;
    this.cachedTokens += cached;
    return { tokens, cached };
  }
}

/** Always the same for the same question. */
function answerTo(message: JsonValue | undefined): string {
  const digest = createHash('sha256').update(JSON.stringify(message)).digest('hex');
  return `Answer ${digest} ${digest}`;
}
