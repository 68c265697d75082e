import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../../src/base/json.js';
import { framesOf, messageOf, namedFrames } from '../support/messages-wire.js';
import { bodyOf, RestartableUpstream } from '../support/restartable-upstream.js';

interface Block {
  readonly type: string;
  readonly id?: string;
  readonly tool_use_id?: string;
}

interface Turn {
  readonly role: string;
  readonly content: string | readonly Block[];
}

/** So many calls of tools, then the last word. */
const TOOL_CALLS = 6;
const THINKING_MS = 400;
const WORD_MS = 15;
const CHARACTERS_PER_TOKEN = 4;

/**
 * A service of the Messages wire that thinks, says a few words and calls a tool, until it has called enough of them. It
 * keeps no request, so that it can be asked for hours.
 */
export class AgentUpstream extends RestartableUpstream {
  asked = 0;
  /** Whole answers that were sent to their end. */
  answered = 0;
  /** What was wrong with conversations, as Anthropic would refuse them. */
  readonly complaints: string[] = [];

  static async start(): Promise<AgentUpstream> {
    const upstream = new AgentUpstream();
    await upstream.listen();
    return upstream;
  }

  protected async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(incoming);
    if (!body) return;
    this.asked += 1;
    const turns = body['messages'] as unknown as readonly Turn[];
    const complaint = unpaired(turns);
    if (complaint) this.complaints.push(complaint);
    const message = messageOf(contentFor(turns), { usage: usageOf(body) });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': thinking\n\n');
    await sleep(THINKING_MS * (0.5 + Math.random()));
    for (const frame of framesOf(message)) {
      if (response.destroyed) return;
      response.write(namedFrames(frame));
      await sleep(WORD_MS);
    }
    response.end();
    if (!response.destroyed) this.answered += 1;
  }
}

/** Each `tool_use` has its `tool_result` right after it, and the other way round. */
function unpaired(turns: readonly Turn[]): string | undefined {
  for (const [index, { content }] of turns.entries()) {
    const called = idsIn(content, 'tool_use', 'id');
    const given = idsIn(turns[index + 1]?.content ?? '', 'tool_result', 'tool_use_id');
    if (called.join() !== given.join()) return `turn ${index}: ${called.join()} and then ${given.join()}`;
  }
  return undefined;
}

function idsIn(content: Turn['content'], type: string, field: 'id' | 'tool_use_id'): readonly string[] {
  if (typeof content === 'string') return [];
  return content.flatMap((block) => (block.type === type ? [String(block[field])] : []));
}

function contentFor(turns: readonly Turn[]): readonly JsonObject[] {
  const question = turns.findLastIndex(({ content }) => typeof content === 'string');
  const called = turns.slice(question).filter(({ content }) => idsIn(content, 'tool_use', 'id').length > 0);
  const thinking = { type: 'thinking', thinking: 'Let me see. '.repeat(20), signature: 'c2lnbmVk' };
  if (called.length >= TOOL_CALLS) return [thinking, { type: 'text', text: 'It is done. '.repeat(30) }];
  const id = `toolu_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
  return [
    thinking,
    { type: 'text', text: 'I look at the file. '.repeat(5) },
    { type: 'tool_use', id, name: 'Read', input: { file_path: `/src/file-${called.length}.ts` } },
  ];
}

/** As if everything but the newest turn were cached. */
function usageOf(body: JsonObject): JsonObject {
  const messages = body['messages'] as readonly JsonObject[];
  const all = Math.ceil(JSON.stringify(body).length / CHARACTERS_PER_TOKEN);
  const newest = Math.ceil(JSON.stringify(messages.at(-1) ?? {}).length / CHARACTERS_PER_TOKEN);
  return {
    input_tokens: 5,
    cache_creation_input_tokens: newest,
    cache_read_input_tokens: Math.max(0, all - newest),
    output_tokens: 150,
  };
}
