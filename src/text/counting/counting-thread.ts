import { Worker } from 'node:worker_threads';
import { countTokens, type Encoding } from './count-tokens.js';
import type { CountingOrder, CountingResult } from './counting-worker.js';

/**
 * A thread that counts. It begins with the first text, since most upstreams count for themselves: its tables take
 * 57 MB, which on the main thread every collection of garbage would go through, and half a second to load. It keeps no
 * process alive. Should it end, or not begin, this thread counts what it was asked, and another one begins with the next text.
 */
export class CountingThread {
  private worker: Worker | undefined;
  /** Bounded by the calls that run. */
  private readonly waiting = new Map<number, (tokens: number | undefined) => void>();
  private orders = 0;

  /** @param entry its module */
  constructor(private readonly entry = new URL('./counting-worker.js', import.meta.url)) {}

  async count(texts: readonly string[], encoding: Encoding): Promise<number> {
    const counted = await this.ask(texts, encoding).catch(() => undefined);
    return counted ?? countTokens(texts, encoding);
  }

  /** Ends the thread; a later text begins another one. */
  async end(): Promise<void> {
    await this.worker?.terminate();
  }

  private ask(texts: readonly string[], encoding: Encoding): Promise<number | undefined> {
    this.orders += 1;
    const order: CountingOrder = { id: this.orders, texts, encoding };
    return new Promise((resolve) => {
      // Throws where the system has no more threads.
      this.worker ??= this.begin();
      this.waiting.set(order.id, resolve);
      this.worker.postMessage(order);
    });
  }

  private begin(): Worker {
    const worker = new Worker(this.entry);
    worker.on('message', ({ id, tokens }: CountingResult) => {
      this.waiting.get(id)?.(tokens);
      this.waiting.delete(id);
    });
    // Its `exit` follows.
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      this.worker = undefined;
      for (const resolve of this.waiting.values()) resolve(undefined);
      this.waiting.clear();
    });
    // Last: a listener for messages keeps the process alive.
    worker.unref();
    return worker;
  }
}
