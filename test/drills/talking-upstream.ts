import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { chatAnswer, chatChunk, chatUsage, sse, usageChunk } from '../support/chat-wire.js';
import { bodyOf, RestartableUpstream } from '../support/restartable-upstream.js';

const WORDS = 20;
/** Most of a pause between two words: some calls last as long as a failover does. */
const SLOWEST_MS = 300;
/** In the text of a call that has no slow answer. */
export const AT_ONCE = 'At once, please.';

/** A service of the chat wire, for whole answers and streams, some quick and some slow. */
export class TalkingUpstream extends RestartableUpstream {
  asked = 0;

  static async start(): Promise<TalkingUpstream> {
    const upstream = new TalkingUpstream();
    await upstream.listen();
    return upstream;
  }

  protected async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(incoming);
    if (!body) return;
    this.asked += 1;
    const isQuick = JSON.stringify(body).includes(AT_ONCE);
    const paceMs = isQuick ? 0 : Math.random() ** 3 * SLOWEST_MS;
    if (body['stream'] !== true) {
      await sleep(paceMs * WORDS);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(chatAnswer({ content: 'word '.repeat(WORDS) })));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(sse(chatChunk({ role: 'assistant', content: '' })));
    for (let word = 0; word < WORDS && !response.destroyed; word += 1) {
      response.write(sse(chatChunk({ content: 'word ' })));
      await sleep(paceMs);
    }
    if (!response.destroyed)
      response.end(sse(chatChunk({}, 'stop'), usageChunk(chatUsage(10, WORDS)), '[DONE]'));
  }
}
