import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** What a balancer, a gateway that ends, and one without its database say. */
const PASSING = new Set([502, 503, 504]);
const NO_BUDGET = new Set([402, 429]);
const PAUSE_MS = 100;
const MOST_TRIES = 400;

/** What all clients saw. */
export class Sightings {
  readonly calls: Record<string, number> = {};
  /** Answers that were refused for a while or broke, by what was said. */
  readonly lost: Record<string, number> = {};
  /** What must not happen. */
  readonly faults: string[] = [];
  /** Receipts that were shown, with what they say was paid. */
  readonly receipts = new Map<string, string>();

  count(kind: 'calls' | 'lost', name: string): void {
    this[kind][name] = (this[kind][name] ?? 0) + 1;
  }

  /** Notes every receipt of an answer. */
  note(text: string): void {
    for (const [, id, rest] of text.matchAll(/"id":"(rct_\w+)"(.*?)(?=rct_|$)/gs)) {
      const [, amount] = /"final_?amount_?wei":"(\d+)"/i.exec(rest!) ?? [];
      if (amount !== undefined) this.receipts.set(id!, amount);
    }
  }
}

export interface ClientOptions {
  readonly url: string;
  readonly key: string;
  readonly sightings: Sightings;
  /** For a key whose budget ends: refusals for want of budget are in order. */
  readonly isPoor: boolean;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  /** In how many pieces it came. */
  readonly pieces: number;
}

/** A client of one kind that calls again and again, through whatever happens to the servers. */
export class DrillClient {
  private chain: string | undefined;
  /** Whether the last answer was that the budget does not suffice. */
  private isOutOfBudget = false;

  constructor(private readonly options: ClientOptions) {}

  async run(kind: keyof typeof KINDS, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const isAnswered = await this[KINDS[kind]]().catch((failure: unknown) => {
        this.options.sightings.faults.push(`${kind}: ${String(failure)}`);
        return false;
      });
      if (isAnswered) this.options.sightings.count('calls', kind);
      else await sleep(PAUSE_MS);
    }
  }

  protected async whole(): Promise<boolean> {
    return (await this.ask('POST', '/v1/chat/completions', chat())) !== undefined;
  }

  protected async streamed(): Promise<boolean> {
    const answer = await this.ask('POST', '/v1/chat/completions', { ...chat(), stream: true });
    if (answer === undefined) return false;
    this.expectThat(answer.pieces > 1, 'a stream came in one piece: somebody keeps answers back');
    return answer.text.includes('compose.receipt');
  }

  /** A chain of stored responses, each of which is found again by whoever is asked for it. */
  protected async stored(): Promise<boolean> {
    const body = { ...response(), ...(this.chain && { previous_response_id: this.chain }) };
    const isStreamed = Math.random() < 0.5;
    const answer = await this.ask('POST', '/v1/responses', { ...body, stream: isStreamed });
    const [id] = /resp_\w+/.exec(answer?.text ?? '') ?? [];
    const isWhole = isStreamed ? answer?.text.includes('response.completed') : answer !== undefined;
    if (id === undefined || isWhole !== true) return false;
    const found = await this.askOften('GET', `/v1/responses/${id}`);
    this.expectThat(found?.text.includes('"completed"'), `${id} was shown and is not found: ${found?.text}`);
    this.chain = Math.random() < 0.9 ? id : undefined;
    return true;
  }

  protected async background(): Promise<boolean> {
    const accepted = await this.ask('POST', '/v1/responses', { ...response(), background: true });
    const [id] = /resp_\w+/.exec(accepted?.text ?? '') ?? [];
    if (id === undefined) return false;
    return this.untilEnded(`/v1/responses/${id}`, /"status":"(completed|failed|incomplete|cancelled)"/);
  }

  /** One request with a key of its own, until it is answered. */
  protected async once(): Promise<boolean> {
    const name = `once-${randomUUID()}`;
    const body = { ...chat(name), stream: Math.random() < 0.5 };
    const answer = await this.askOften('POST', '/v1/chat/completions', body, { 'idempotency-key': name });
    return answer !== undefined;
  }

  protected async video(): Promise<boolean> {
    const body = { model: 'sandbox/video:seconds=1', prompt: 'A cat' };
    const job = await this.ask('POST', '/v1/videos', body);
    const [id] = /video_\w+/.exec(job?.text ?? '') ?? [];
    if (id === undefined) return false;
    return this.untilEnded(`/v1/videos/${id}`, /"status":"(completed|failed)"/);
  }

  /** Three turns on one socket. */
  protected async socket(): Promise<boolean> {
    const { url, key, sightings } = this.options;
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/responses`, {
      headers: { authorization: `Bearer ${key}` },
    });
    socket.on('error', () => undefined);
    const closed = new Promise<false>((resolve) => socket.once('close', () => resolve(false)));
    let text = '';
    socket.on('message', (data: Buffer) => (text += data.toString()));
    let turns = 0;
    const opened = once(socket, 'open').then(
      () => true,
      () => false,
    );
    if (await Promise.race([opened, closed])) {
      for (; turns < 3; turns += 1) {
        text = '';
        socket.send(JSON.stringify({ type: 'response.create', ...response() }));
        const isEnded = () => text.includes('"compose.receipt"') || text.includes('"type":"error"');
        while (!isEnded() && socket.readyState === WebSocket.OPEN) await sleep(10);
        sightings.note(text);
        if (!text.includes('"compose.receipt"')) break;
      }
    }
    socket.terminate();
    if (turns < 3) sightings.count('lost', 'socket');
    return turns === 3;
  }

  /** Asks until something has ended, which it must, sooner or later. */
  private async untilEnded(path: string, ended: RegExp): Promise<boolean> {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const answer = await this.askOften('GET', path);
      if (answer && ended.test(answer.text)) return true;
      await sleep(PAUSE_MS * 2);
    }
    throw new Error(`${path} never ends`);
  }

  private async askOften(
    method: string,
    path: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer | undefined> {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const answer = await this.ask(method, path, body, headers);
      if (answer) return answer;
      if (this.isOutOfBudget) return undefined;
      await sleep(PAUSE_MS);
    }
    throw new Error(`${method} ${path} is never answered`);
  }

  /** @returns nothing when the answer did not come, or not whole */
  private async ask(
    method: string,
    path: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer | undefined> {
    const { url, key, sightings, isPoor } = this.options;
    this.isOutOfBudget = false;
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
        ...(body && { body: JSON.stringify(body) }),
      });
      const { status } = response;
      const { text, pieces } = await readPieces(response);
      if (response.ok) {
        sightings.note(text);
        return { status, text, pieces };
      }
      const code = /"code":"(\w+)"/.exec(text)?.[1] ?? text.slice(0, 40);
      sightings.count('lost', `${status} ${code}`);
      // The replica stopped during the call, and said so; a request that runs once ends with it.
      if (code === 'server_error') return headers['idempotency-key'] ? { status, text, pieces } : undefined;
      this.isOutOfBudget = isPoor && NO_BUDGET.has(status);
      this.expectThat(PASSING.has(status) || this.isOutOfBudget, `${method} ${path}: ${status} ${text}`);
    } catch (failure) {
      sightings.count('lost', `broken: ${String((failure as Error).cause ?? failure).slice(0, 60)}`);
    }
    return undefined;
  }

  private expectThat(holds: boolean | undefined, fault: string): void {
    if (holds !== true) this.options.sightings.faults.push(fault.slice(0, 600));
  }
}

async function readPieces({ body }: Response): Promise<{ readonly text: string; readonly pieces: number }> {
  const decoder = new TextDecoder();
  let text = '';
  let pieces = 0;
  for await (const bytes of body ?? []) {
    text += decoder.decode(bytes as Uint8Array, { stream: true });
    pieces += 1;
  }
  return { text, pieces };
}

/** Kinds of clients, and what each of them does. */
export const KINDS = {
  whole: 'whole',
  streamed: 'streamed',
  stored: 'stored',
  background: 'background',
  once: 'once',
  video: 'video',
  socket: 'socket',
} as const;

function chat(text = `m-${randomUUID()}`): object {
  return { model: 'test-model', max_tokens: 100, messages: [{ role: 'user', content: text }] };
}

function response(): object {
  return { model: 'test-model', max_output_tokens: 100, input: `m-${randomUUID()}` };
}
