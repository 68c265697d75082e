import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type Observable } from 'rxjs';
import { type StreamingConfig } from '../../src/base/config.js';
import { type GatewayError } from '../../src/base/errors/gateway-error.js';
import { sendError } from '../../src/http/send-error.js';
import { toGatewayError } from '../../src/base/errors/gateway-error.js';
import { type Demand } from '../../src/streaming/demand.js';
import { type BodyPresenter, type StreamPresenter } from '../../src/streaming/presenter.js';
import { ResponseWriter } from '../../src/streaming/response-writer.js';
import { RawClient, serve, type TestServer } from './raw-exchange.js';

export const SETTINGS: StreamingConfig = {
  keepAliveMs: 60_000,
  bufferBytes: 1_048_576,
  stallMs: 60_000,
  headAfterMs: 60_000,
};

export const plainFrames: StreamPresenter<string> = {
  headers: () => ({ 'x-extra': 'yes' }),
  frames: (item) => (item === '' ? '' : `data: ${item}\n\n`),
  failure: (error: GatewayError) => `data: failed ${error.code}\n\n`,
  end: () => 'data: end\n\n',
};

export class Gathered implements BodyPresenter<string> {
  private readonly items: string[] = [];
  add(item: string): void {
    this.items.push(item);
  }
  headers(): Record<string, string> {
    return { 'x-count': String(this.items.length) };
  }
  body(): string {
    return JSON.stringify({ items: this.items });
  }
}

export interface Exchange {
  readonly client: RawClient;
  readonly response: ServerResponse;
  /** Settles as the writer's promise does: undefined, or the failure. */
  readonly written: Promise<unknown>;
  readonly server: TestServer;
  /** Listeners on the response before the writer had it. */
  readonly listenersBefore: Record<string, number>;
  stop(): Promise<void>;
}

const EVENTS = ['close', 'error', 'drain', 'finish'] as const;

export function listenersOf(response: ServerResponse): Record<string, number> {
  return Object.fromEntries(EVENTS.map((event) => [event, response.listenerCount(event)]));
}

/** One request of a raw client, answered by the writer from `open`. */
export async function exchange(
  open: (demand: Demand) => Observable<string>,
  options: {
    settings?: Partial<StreamingConfig>;
    presenter?: StreamPresenter<string>;
    body?: BodyPresenter<string>;
    reading?: boolean;
  } = {},
): Promise<Exchange> {
  const writer = new ResponseWriter({ ...SETTINGS, ...options.settings });
  let began: (value: Omit<Exchange, 'client' | 'server' | 'stop'>) => void = () => undefined;
  const begun = new Promise<Omit<Exchange, 'client' | 'server' | 'stop'>>((resolve) => (began = resolve));
  const server = await serve((request: IncomingMessage, response: ServerResponse) => {
    const listenersBefore = listenersOf(response);
    const writing = options.body
      ? writer.whole(response, open, options.body)
      : writer.stream(response, open, options.presenter ?? plainFrames);
    const written = writing.then(
      () => undefined,
      (failure: unknown) => {
        sendError(request, response, toGatewayError(failure));
        return failure;
      },
    );
    began({ response, written, listenersBefore });
  });
  const client = await RawClient.connect(server.port);
  if (options.reading !== false) client.read();
  client.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
  return {
    client,
    server,
    ...(await begun),
    stop: async () => {
      client.socket.destroy();
      await server.stop();
    },
  };
}
