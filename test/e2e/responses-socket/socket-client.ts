import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { until } from '../../support/until.js';

export type Message = Record<string, unknown> & { readonly type: string };

const ENDS = ['response.completed', 'response.incomplete', 'response.failed'];

/** Ends a turn on the external surface, or is followed by Compose messages alone. */
export function isEnd({ type }: Message): boolean {
  return ENDS.includes(type);
}

/** The client's end of one WebSocket. */
export class SocketClient {
  readonly messages: Message[] = [];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  pings = 0;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) throw new Error('a binary message');
      this.messages.push(JSON.parse(data.toString()) as Message);
    });
    socket.on('ping', () => (this.pings += 1));
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) =>
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
  }

  static async open(url: string, key: string, path = '/external/v1'): Promise<SocketClient> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}${path}/responses`, {
      headers: { authorization: `Bearer ${key}` },
    });
    const client = new SocketClient(socket);
    await once(socket, 'open');
    return client;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  create(body: object = {}): void {
    this.send({ type: 'response.create', model: 'test-model', input: 'Hi', ...body });
  }

  /** The first message from this position that fits. */
  async shows(fits: (message: Message) => boolean, from = 0): Promise<Message> {
    const rest = (): Message | undefined => this.messages.slice(from).find(fits);
    await until(() => rest() !== undefined);
    return rest()!;
  }

  /** The events of one response, when it has ended. */
  async turn(body: object = {}): Promise<readonly Message[]> {
    const from = this.messages.length;
    this.create(body);
    await this.shows(isEnd, from);
    return this.messages.slice(from);
  }

  /** The Response at the end of one turn. */
  async response(body: object = {}): Promise<Record<string, unknown> & { readonly id: string }> {
    const { response } = (await this.turn(body)).find(isEnd)!;
    return response as Record<string, unknown> & { readonly id: string };
  }

  /** The answer to a message that is refused. */
  async refusal(message: unknown): Promise<Message> {
    const from = this.messages.length;
    this.send(message);
    return this.shows(({ type }) => type === 'error', from);
  }
}

/** What a client that may not connect is told. */
export async function refusedUpgrade(
  address: string,
  headers: Record<string, string>,
): Promise<{ readonly answer: IncomingMessage; readonly body: unknown }> {
  const socket = new WebSocket(address.replace(/^http/, 'ws'), { headers });
  socket.on('error', () => undefined);
  const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  let text = '';
  for await (const bytes of answer) text += String(bytes);
  return { answer, body: JSON.parse(text) as unknown };
}
