import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { accumulated, MessagesClient, type Block, type Message } from '../support/messages-client.js';
import { framesOf } from '../support/sse-frames.js';

/** A replica as its clients know it. */
export interface Place {
  readonly url: string;
  /** How often it was killed so far. */
  readonly deaths: number;
  readonly isUp: boolean;
}

/** What happened to all sessions, counted. */
export class Tally {
  turns = 0;
  /** Requests that were sent to the other replica, since theirs began no answer. */
  moved = 0;
  /** Streams that broke after they had begun, when their replica was killed. */
  broken = 0;
  /** What must not happen. */
  readonly faults: string[] = [];
  /** Ids of the receipts that clients were shown, with what they paid. */
  readonly paid = new Map<string, string>();
  /** How many calls took so many whole seconds. */
  readonly seconds: number[] = [];
}

interface Turn {
  readonly role: string;
  readonly content: string | readonly object[];
}

const CACHED = { cache_control: { type: 'ephemeral' } };
const SYSTEM = [
  { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.332; cc_entrypoint=cli' },
  { type: 'text', text: 'You are an agent. '.repeat(20), ...CACHED },
  { type: 'text', text: 'Work with care, and say what you did. '.repeat(300), ...CACHED },
];
const TOOLS = Array.from({ length: 12 }, (_, index) => ({
  name: index === 0 ? 'Read' : `Tool${index}`,
  description: 'What it is for, and when it is to be used. '.repeat(40),
  input_schema: { type: 'object', properties: { file_path: { type: 'string' } } },
}));
const HEADERS = {
  'anthropic-beta': 'claude-code-20250219,interleaved-thinking-2025-05-14',
  'x-app': 'cli',
};

/** Characters of a conversation at which its client begins a new one with a summary. */
const MOST_CHARACTERS = 200_000;
const EXCHANGE_CHARACTERS = 2_200;
const TOOL_MS = 1_000;
/** A client that has found no replica for so many tries in a row gives up. */
const MOST_TRIES = 10;

/** A person with Claude Code, as the gateway sees it: one question after the other, each with a loop of tools. */
export class AgentSession {
  private readonly id = randomUUID();
  private turns = earlierTurns();

  /** @param places replicas, the nearest first */
  constructor(
    private readonly key: string,
    private readonly places: readonly Place[],
    private readonly tally: Tally,
  ) {}

  async run(isOver: () => boolean): Promise<void> {
    await sleep(Math.random() * TOOL_MS * 3);
    while (!isOver()) {
      if (JSON.stringify(this.turns).length > MOST_CHARACTERS) this.turns = [];
      this.turns.push({ role: 'user', content: `Question ${randomUUID()}` });
      // A question is worked on to its end, also when the time is over.
      while (await this.turn()) await sleep(TOOL_MS * (0.5 + Math.random()));
    }
  }

  /** @returns whether a tool was called, so that the next turn follows */
  private async turn(): Promise<boolean> {
    const { content } = await this.ask();
    this.tally.turns += 1;
    this.turns.push({ role: 'assistant', content });
    const calls = content.filter(({ type }) => type === 'tool_use');
    if (calls.length === 0) return false;
    const results = calls.map(({ id }) => ({
      type: 'tool_result',
      tool_use_id: id,
      content: `${randomUUID()} `.repeat(20 + Math.floor(Math.random() * 80)),
    }));
    this.turns.push({ role: 'user', content: results });
    return true;
  }

  private async ask(): Promise<Message> {
    for (let tries = 0; ; tries += 1) {
      const place = this.places[tries % this.places.length]!;
      const message = await this.askAt(place);
      if (message) return message;
      // Nobody listens there: as a client waits before it tries again.
      if (tries >= MOST_TRIES) throw new Error('no replica answers');
      await sleep(tries * 200);
    }
  }

  /** @returns nothing when the call is to be made again */
  private async askAt(place: Place): Promise<Message | undefined> {
    const { tally } = this;
    const { deaths, isUp: wasUp } = place;
    const beganMs = performance.now();
    let text = '';
    try {
      const response = await this.send(place.url);
      if (!response.ok) {
        tally.faults.push(`${response.status} ${await response.text()}`);
        return undefined;
      }
      const decoder = new TextDecoder();
      for await (const bytes of response.body ?? [])
        text += decoder.decode(bytes as Uint8Array, { stream: true });
    } catch (failure) {
      // Pings alone are no beginning.
      if (text.includes('message_start')) tally.broken += 1;
      else tally.moved += 1;
      if (wasUp && place.isUp && place.deaths === deaths) {
        const cause = String((failure as Error).cause);
        tally.faults.push(`${place.url} lives and cuts after ${text.length} characters: ${cause}`);
      }
      return undefined;
    }
    const seconds = Math.floor((performance.now() - beganMs) / 1_000);
    tally.seconds[seconds] = (tally.seconds[seconds] ?? 0) + 1;
    return this.read(text);
  }

  private send(url: string): Promise<Response> {
    const client = new MessagesClient(url, { authorization: `Bearer ${this.key}`, ...HEADERS });
    return client.create(
      {
        model: 'claude-sonnet-5-5',
        max_tokens: 8_000,
        stream: true,
        system: SYSTEM,
        tools: TOOLS,
        messages: withMark(this.turns),
        thinking: { type: 'adaptive' },
      },
      { 'x-claude-code-session-id': this.id },
    );
  }

  private read(text: string): Message | undefined {
    try {
      const message = accumulated(framesOf(text));
      const { id, final_amount_wei: amount } = message.compose_receipt ?? {};
      if (typeof id !== 'string' || typeof amount !== 'string') throw new Error('it has no receipt');
      this.tally.paid.set(id, amount);
      return message;
    } catch (failure) {
      this.tally.faults.push(`${String(failure)}: ${text.slice(-300)}`);
      return undefined;
    }
  }
}

/** Of some length, so that all sessions together have contexts of the same sizes at any time. */
function earlierTurns(): Turn[] {
  const exchanges = Math.floor(Math.random() * (MOST_CHARACTERS / EXCHANGE_CHARACTERS));
  return Array.from({ length: exchanges }, (_, index) => [
    { role: 'user', content: `Question ${index}` },
    { role: 'assistant', content: 'An answer. '.repeat(EXCHANGE_CHARACTERS / 11) },
  ]).flat();
}

/** The newest block is marked for the prompt cache, as Claude Code does it. */
function withMark(turns: readonly Turn[]): readonly Turn[] {
  const last = turns.at(-1);
  if (!last || typeof last.content === 'string') return turns;
  const blocks = last.content as readonly Block[];
  return [
    ...turns.slice(0, -1),
    { ...last, content: [...blocks.slice(0, -1), { ...blocks.at(-1), ...CACHED }] },
  ];
}
