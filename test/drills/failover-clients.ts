import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { framesOf, type Frame } from '../support/sse-frames.js';

/** What clients saw, counted. */
export class Seen {
  /** Calls that were answered to their end, by their kind. */
  readonly whole: Record<string, number> = {};
  /** Calls that were refused, or broke off, by what was said. */
  readonly failed: Record<string, number> = {};
  /** What must not happen. */
  readonly faults: string[] = [];
  /** Receipts that were shown, with what was paid. */
  readonly paid = new Map<string, string>();
  /** Responses that were shown as completed. */
  readonly completed = new Set<string>();
  /** Responses in the background that were taken. */
  readonly accepted = new Set<string>();
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly retryAfter: string | null;
}

interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Said of a call while the database is away, or that was running when it was lost. */
const FAILURES = ['service_unavailable', 'server_error'];
/** Kinds of calls whose answers are stored. */
const STORED = ['response', 'retrieved', 'background', 'followed'];
/** As a key with little budget, or a repeated request, is refused at any time. */
const REFUSALS = ['insufficient_budget', 'budget_held', 'idempotency_in_flight'];
const PAUSE_MS = 200;
/** A client that has been refused waits for longer, as it was told to; less, so that more is seen. */
const REFUSED_PAUSE_MS = 500;

/** A client with one key, at two replicas in turn, that makes calls of one kind after the other. */
export class FailoverClient {
  private turn = Math.floor(Math.random() * 2);
  private readonly kinds: readonly (() => Promise<void>)[] = [
    () => this.wholeChat(),
    () => this.streamedChat(),
    () => this.chain(),
    () => this.background(),
    () => this.once(),
  ];

  constructor(
    private readonly key: string,
    private readonly urls: readonly string[],
    private readonly seen: Seen,
  ) {}

  async run(isOver: () => boolean): Promise<void> {
    for (let next = Math.floor(Math.random() * this.kinds.length); !isOver(); next += 1) {
      await this.kinds[next % this.kinds.length]?.();
      await sleep(PAUSE_MS * (0.5 + Math.random()));
    }
  }

  private async wholeChat(): Promise<void> {
    const answer = await this.post('/chat/completions', { messages: [{ role: 'user', content: 'Hi' }] });
    this.read('chat', answer);
  }

  private async streamedChat(): Promise<void> {
    const body = { messages: [{ role: 'user', content: 'Hi' }], stream: true };
    this.read('chat stream', await this.post('/chat/completions', body));
  }

  /** Three stored responses, each on the one before, the last one streamed. */
  private async chain(): Promise<void> {
    let previous: string | undefined;
    for (const stream of [false, false, true]) {
      const body = { input: 'Hi', previous_response_id: previous, stream };
      const id = this.read('response', await this.post('/responses', body));
      if (id === undefined) return;
      previous = id;
    }
    const found = await this.get(`/responses/${previous}`);
    this.read('retrieved', found);
  }

  /** Where its stream is told to break off, it is followed at the other replica until it has its end. */
  private async background(): Promise<void> {
    const first = await this.post('/responses', { input: 'Hi', background: true, stream: true });
    const [, id] = /"id":"(resp_[A-Za-z0-9]+)"/.exec(first?.body ?? '') ?? [];
    if (id !== undefined) this.seen.accepted.add(id);
    if (this.read('background', first) !== undefined || id === undefined) return;
    for (let tries = 0; tries < 60; tries += 1) {
      const answer = await this.get(`/responses/${id}?stream=true`);
      if (this.read('followed', answer) !== undefined || /response\.failed/.test(answer?.body ?? '')) return;
      await sleep(REFUSED_PAUSE_MS);
    }
    this.seen.faults.push(`${id} has had no end for 60 tries`);
  }

  /** The same request until it is answered, and once more. */
  private async once(): Promise<void> {
    const headers = { 'idempotency-key': randomUUID() };
    const ids = new Set<string>();
    for (let answers = 0, tries = 0; answers < 2 && tries < 40; tries += 1) {
      const body = { messages: [{ role: 'user', content: 'Once' }] };
      const answer = await this.post('/chat/completions', body, headers);
      const id = this.read('once', answer);
      if (id === undefined) {
        if (answer?.status === 402 || /"code":"server_error"/.test(answer?.body ?? '')) return;
        await sleep(REFUSED_PAUSE_MS);
        continue;
      }
      answers += 1;
      ids.add(id);
    }
    if (ids.size > 1) this.seen.faults.push(`one request had ${ids.size} answers: ${[...ids].join(' ')}`);
  }

  private post(
    path: string,
    body: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer | undefined> {
    return this.call(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model: 'test-model', ...body }),
    });
  }

  private get(path: string): Promise<Answer | undefined> {
    return this.call(path, {});
  }

  /** Both replicas live all the time, so no connection to them may break. */
  private async call(path: string, { headers, ...init }: Call): Promise<Answer | undefined> {
    this.turn += 1;
    try {
      const response = await fetch(`${this.urls[this.turn % this.urls.length]}/v1${path}`, {
        ...init,
        headers: { authorization: `Bearer ${this.key}`, ...headers },
      });
      const retryAfter = response.headers.get('retry-after');
      return { status: response.status, body: await response.text(), retryAfter };
    } catch (failure) {
      this.seen.faults.push(`${path}: ${String((failure as Error).cause ?? failure)}`);
      return undefined;
    }
  }

  /** @returns the id of what was answered to its end */
  private read(kind: string, answer: Answer | undefined): string | undefined {
    if (!answer) return undefined;
    try {
      if (answer.status !== 200) {
        this.refused(kind, answer);
        return undefined;
      }
      const shown = answer.body.startsWith('{') ? wholeOf(answer.body) : streamOf(framesOf(answer.body));
      if (shown.failure !== undefined) {
        count(this.seen.failed, `${kind}: ${shown.failure}`);
        if (!FAILURES.includes(shown.failure)) this.seen.faults.push(`${kind}: ${answer.body.slice(-600)}`);
        return undefined;
      }
      if (!shown.receipt) throw new Error('it has no receipt');
      const { id, final_amount_wei: inBody, finalAmountWei: amount = inBody } = shown.receipt;
      this.seen.paid.set(id, amount ?? '');
      if (STORED.includes(kind)) this.seen.completed.add(shown.id);
      count(this.seen.whole, kind);
      return shown.id;
    } catch (failure) {
      this.seen.faults.push(`${kind}: ${String(failure)}: ${answer.body.slice(-600)}`);
      return undefined;
    }
  }

  private refused(kind: string, { status, body, retryAfter }: Answer): void {
    const { code } = (JSON.parse(body) as { error: { code: string } }).error;
    count(this.seen.failed, `${kind}: ${status} ${code}`);
    const isOutage = status === 503 && code === 'service_unavailable' && Number(retryAfter) > 0;
    const isRepeated = kind === 'once' && code === 'server_error';
    if (!isOutage && !isRepeated && !REFUSALS.includes(code))
      this.seen.faults.push(`${kind}: ${status} ${body}`);
  }
}

/** Its fields have other names in bodies than in events. */
interface ShownReceipt {
  readonly id: string;
  readonly final_amount_wei?: string;
  readonly finalAmountWei?: string;
}

interface Shown {
  readonly id: string;
  readonly receipt?: ShownReceipt | undefined;
  readonly failure?: string | undefined;
}

interface WholeAnswer {
  readonly id: string;
  readonly status?: string;
  readonly error?: { readonly code: string } | null;
  readonly compose_receipt?: ShownReceipt;
}

function wholeOf(body: string): Shown {
  const { id, error, compose_receipt: receipt } = JSON.parse(body) as WholeAnswer;
  return { id, receipt, failure: error?.code };
}

function streamOf(frames: readonly Frame[]): Shown {
  const named = (name: string): unknown => frames.find(({ event }) => event === name)?.data;
  const failure = named('compose.error') as { code: string } | undefined;
  const receipt = named('compose.receipt') as ShownReceipt | undefined;
  const completed = named('response.completed') as { response: { id: string } } | undefined;
  const failed = named('response.failed') as { response: { error: { code: string } } } | undefined;
  const id = completed?.response.id ?? (frames[0]?.data as { id?: string }).id ?? '';
  if (frames.at(-1)?.data !== '[DONE]') throw new Error('it has no end');
  return { id, receipt, failure: failure?.code ?? failed?.response.error.code };
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
