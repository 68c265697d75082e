import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { JsonObject } from '../../src/base/json.js';
import { chatAnswer, chatChunk, chatUsage, sse, usageChunk } from './chat-wire.js';

/** What one request asked for. */
interface CapturedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly bytes: Buffer;
  /** The parsed body; an empty object when it is not a JSON object. */
  readonly body: JsonObject;
  /** `performance.now()` when it had arrived. */
  readonly arrivedMs: number;
}

/** One request and full control over its answer. Nothing is sent until the script sends it. */
export interface Exchange {
  readonly request: CapturedRequest;
  /** Resolves with `performance.now()` when the connection closed before the answer had ended. */
  readonly aborted: Promise<number>;
  /** Sends the head; a stream unless told otherwise. */
  head(status?: number, headers?: Readonly<Record<string, string>>): void;
  /**
   * Sends bytes as they are (the head first, if it has not gone). Resolves to true when the socket has taken them, and
   * to false when nobody is there to take them any more, never in the same turn of the event loop: a script that talks
   * on regardless must not keep others from running.
   */
  send(bytes: string | Uint8Array): Promise<boolean>;
  /** Sends bytes in pieces of the given size, each in a packet of its own as far as the system allows. */
  sendSplit(bytes: string | Uint8Array, pieceBytes: number): Promise<void>;
  end(bytes?: string): void;
  /** A whole JSON answer. */
  json(body: unknown, status?: number, headers?: Readonly<Record<string, string>>): void;
  /** A whole stream: one frame per value, then `[DONE]`. */
  stream(...values: readonly unknown[]): void;
  /** Sends these bytes in place of an answer of HTTP, and closes the connection. */
  raw(bytes: string): void;
  /** Breaks the connection in the middle, with a reset. */
  breakConnection(): void;
}

/** May be asynchronous. */
export type Handler = (exchange: Exchange) => unknown;

export interface ScriptedUpstream {
  /** Base URL with `/v1`, for a provider's `base_url`. */
  readonly url: string;
  readonly requests: readonly CapturedRequest[];
  readonly openSockets: number;
  /** Sockets accepted so far. */
  readonly acceptedSockets: number;
  /** Scripts the next request that has no script yet. */
  next(handler: Handler): ScriptedUpstream;
  /** Scripts every request that `next` does not. The default is `completion('Hello!')`. */
  always(handler: Handler): ScriptedUpstream;
  /** Resolves with the request of this position (0 is the first), when it has arrived. */
  arrived(position: number): Promise<CapturedRequest>;
  /** Forgets requests and scripts. */
  reset(): void;
  /** Breaks all connections. @throws what a handler threw. */
  close(): Promise<void>;
}

export async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  const upstream = new Upstream();
  await upstream.listen();
  return upstream;
}

class Upstream implements ScriptedUpstream {
  readonly requests: CapturedRequest[] = [];
  acceptedSockets = 0;
  private handlers: Handler[] = [];
  private fallback: Handler = completion('Hello!');
  private readonly sockets = new Set<Socket>();
  private readonly waiting = new Set<() => void>();
  private readonly failures: unknown[] = [];
  private readonly server = createServer((request, response) => {
    this.serve(request, response).catch((failure: unknown) => {
      this.failures.push(failure);
      response.destroy();
    });
  });

  async listen(): Promise<void> {
    this.server.keepAliveTimeout = 60_000;
    this.server.on('connection', (socket: Socket) => {
      this.acceptedSockets += 1;
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => this.sockets.delete(socket));
    });
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  get openSockets(): number {
    return this.sockets.size;
  }

  next(handler: Handler): this {
    this.handlers.push(handler);
    return this;
  }

  always(handler: Handler): this {
    this.fallback = handler;
    return this;
  }

  async arrived(position: number): Promise<CapturedRequest> {
    for (;;) {
      const request = this.requests[position];
      if (request) return request;
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  reset(): void {
    this.requests.length = 0;
    this.handlers = [];
    this.fallback = completion('Hello!');
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
    if (this.failures.length > 0) throw this.failures[0];
  }

  private async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = await capture(incoming, response);
    if (!exchange) return;
    this.requests.push(exchange.request);
    for (const wake of this.waiting) wake();
    this.waiting.clear();
    await (this.handlers.shift() ?? this.fallback)(exchange);
  }
}

/** Undefined when the client left before its request was complete. */
async function capture(incoming: IncomingMessage, response: ServerResponse): Promise<Exchange | undefined> {
  const aborted = new Promise<number>((resolve) => {
    response.on('close', () => {
      if (!response.writableFinished) resolve(performance.now());
    });
  });
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  const bytes = Buffer.concat(chunks);
  const text = bytes.toString('utf8');
  const request: CapturedRequest = {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers: incoming.headers,
    text,
    bytes,
    body: parsed(text),
    arrivedMs: performance.now(),
  };
  return new ScriptedExchange(request, aborted, response);
}

class ScriptedExchange implements Exchange {
  constructor(
    readonly request: CapturedRequest,
    readonly aborted: Promise<number>,
    private readonly response: ServerResponse,
  ) {}

  head(
    status = 200,
    headers: Readonly<Record<string, string>> = { 'content-type': 'text/event-stream' },
  ): void {
    this.response.writeHead(status, headers);
    this.response.flushHeaders();
  }

  async send(bytes: string | Uint8Array): Promise<boolean> {
    if (!this.response.headersSent) this.head();
    const taken = !this.response.destroyed && (await this.write(bytes));
    if (!taken) await nextTurn();
    return taken;
  }

  /** A response whose socket goes while it writes may never call back: its end counts as well. */
  private write(bytes: string | Uint8Array): Promise<boolean> {
    return new Promise((resolve) => {
      const left = (): void => resolve(false);
      this.response.once('close', left);
      this.response.write(bytes, (failure) => {
        this.response.off('close', left);
        resolve(!failure);
      });
    });
  }

  async sendSplit(bytes: string | Uint8Array, pieceBytes: number): Promise<void> {
    const all = Buffer.from(bytes);
    for (let start = 0; start < all.length; start += pieceBytes) {
      await this.send(all.subarray(start, start + pieceBytes));
      await nextTurn();
    }
  }

  end(bytes = ''): void {
    if (!this.response.headersSent) this.head();
    this.response.end(bytes);
  }

  json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): void {
    this.head(status, { 'content-type': 'application/json', ...headers });
    this.response.end(JSON.stringify(body));
  }

  stream(...values: readonly unknown[]): void {
    this.end(sse(...values, '[DONE]'));
  }

  raw(bytes: string): void {
    this.response.socket?.end(bytes);
  }

  breakConnection(): void {
    this.response.socket?.resetAndDestroy();
  }
}

function parsed(text: string): JsonObject {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as JsonObject) : {};
  } catch {
    return {};
  }
}

/** Answers with this text, streamed (one word a chunk) or whole as the request asks. */
export function completion(text: string, usage: JsonObject = chatUsage(10, 5)): Handler {
  return (exchange) => {
    if (exchange.request.body.stream !== true) {
      exchange.json(chatAnswer({ content: text }, 'stop', { usage }));
      return;
    }
    const words = text.match(/\s*\S+/g) ?? [];
    exchange.stream(
      chatChunk({ role: 'assistant', content: '' }),
      ...words.map((content) => chatChunk({ content })),
      chatChunk({}, 'stop'),
      usageChunk(usage),
    );
  };
}

/** Refuses with an error of OpenAI's shape. */
export function refusal(
  status: number,
  error: JsonObject = {},
  headers: Readonly<Record<string, string>> = {},
): Handler {
  return (exchange) =>
    exchange.json(
      { error: { message: 'upstream text', type: null, param: null, code: null, ...error } },
      status,
      headers,
    );
}
