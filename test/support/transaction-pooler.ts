import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, Socket, type AddressInfo, type Server } from 'node:net';
import { Client } from 'pg';
import { asksForTls, fatalError, MessageReader, messageOf, settingsIn } from './postgres-messages.js';

/** What PgBouncer takes of a client's first message. It refuses a client that says more. */
const KNOWN_SETTINGS = ['user', 'database', 'client_encoding', 'application_name'];
const PROTOCOL_VIOLATION = '08P01';
const AUTHENTICATED = messageOf('R', Buffer.alloc(4));
const READY = messageOf('Z', Buffer.from('I'));
const IN_NO_TRANSACTION = 'I'.charCodeAt(0);

/**
 * A pooler that works as PgBouncer 1.18 does in transaction mode, but gives each transaction the session that has
 * rested longest, where PgBouncer prefers the newest. So whoever leaves something in a session soon meets another one.
 */
export class TransactionPooler {
  /** How many transactions were run. */
  transactions = 0;
  private readonly sessions = new Set<Socket>();
  private readonly resting: Socket[] = [];
  private readonly waiting: ((session: Socket) => void)[] = [];
  private readonly clients = new Set<Socket>();
  private readonly server: Server;
  private readonly openings = new Set<Promise<void>>();
  private isClosing = false;

  private constructor(private readonly target: string) {
    this.server = createServer((socket) => {
      this.clients.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.clients.delete(socket));
      new PooledClient(socket, this).serve();
    });
  }

  /** @param sessions how many it has at the server */
  static async before(databaseUrl: string, sessions = 3): Promise<TransactionPooler> {
    const pooler = new TransactionPooler(databaseUrl);
    await Promise.all(Array.from({ length: sessions }, () => pooler.open()));
    pooler.server.listen(0, '127.0.0.1');
    await once(pooler.server, 'listening');
    return pooler;
  }

  /** The database's URL by way of the pooler. */
  get url(): string {
    const url = new URL(this.target);
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  async take(): Promise<Socket> {
    this.transactions += 1;
    return this.resting.shift() ?? new Promise((resolve) => this.waiting.push(resolve));
  }

  giveBack(session: Socket): void {
    const next = this.waiting.shift();
    if (next) next(session);
    else this.resting.push(session);
  }

  /** Its client has left in the middle of a transaction: a new session takes its place. */
  replace(session: Socket): void {
    this.sessions.delete(session);
    session.destroy();
    if (this.isClosing) return;
    const opening = this.open().catch(() => undefined);
    this.openings.add(opening);
    void opening.then(() => this.openings.delete(opening));
  }

  async close(): Promise<void> {
    this.isClosing = true;
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.clients) socket.destroy();
    await closed;
    // One that was begun for a client that has just left.
    await Promise.all(this.openings);
    for (const session of this.sessions) session.destroy();
  }

  private async open(): Promise<void> {
    const socket = new Socket();
    const client = new Client({ connectionString: this.target, stream: () => socket });
    client.on('error', () => undefined);
    await client.connect();
    // What the server says from here on is for the pooler's clients.
    socket.removeAllListeners('data');
    this.sessions.add(socket);
    this.giveBack(socket);
  }
}

/** Somebody who uses the pooler. */
class PooledClient {
  private readonly fromClient = new MessageReader(false);
  private session: Socket | undefined;
  /** How often the client has asked to be told of the end of something, and was not told yet. */
  private owed = 0;
  private readonly queue: Buffer[] = [];
  private isTaking = false;
  private isGone = false;

  constructor(
    private readonly socket: Socket,
    private readonly pooler: TransactionPooler,
  ) {}

  serve(): void {
    this.socket.once('data', (piece: Buffer) => this.begin(piece));
    this.socket.once('close', () => this.leave());
  }

  private begin(piece: Buffer): void {
    const [first] = this.fromClient.read(piece);
    if (!first || asksForTls(first)) {
      if (first) this.socket.write('N');
      this.socket.once('data', (next: Buffer) => this.begin(next));
      return;
    }
    const unknown = [...(settingsIn(first)?.keys() ?? [])].find((name) => !KNOWN_SETTINGS.includes(name));
    if (unknown !== undefined) {
      this.socket.end(fatalError(PROTOCOL_VIOLATION, `unsupported startup parameter: ${unknown}`));
      return;
    }
    this.fromClient.beginTypes();
    // A number of process and a secret, by which the pooler would know the client when it cancels.
    this.socket.write(Buffer.concat([AUTHENTICATED, messageOf('K', randomBytes(8)), READY]));
    this.socket.on('data', (next: Buffer) => this.hear(next));
  }

  private hear(piece: Buffer): void {
    for (const { type, bytes } of this.fromClient.read(piece)) {
      if (type === 'X') return void this.socket.end();
      if (type === 'Q' || type === 'S') this.owed += 1;
      if (this.session) this.session.write(bytes);
      else this.queue.push(bytes);
    }
    if (!this.session && !this.isTaking && this.queue.length > 0) void this.beginTransaction();
  }

  private async beginTransaction(): Promise<void> {
    this.isTaking = true;
    const session = await this.pooler.take();
    this.isTaking = false;
    if (this.isGone) return this.pooler.giveBack(session);
    this.session = session;
    const fromServer = new MessageReader(true);
    session.on('data', (piece: Buffer) => {
      for (const { type, body } of fromServer.read(piece)) {
        if (type !== 'Z') continue;
        this.owed -= 1;
        if (this.owed === 0 && body[0] === IN_NO_TRANSACTION) this.endTransaction(session);
      }
      this.socket.write(piece);
    });
    for (const bytes of this.queue.splice(0)) session.write(bytes);
  }

  private endTransaction(session: Socket): void {
    session.removeAllListeners('data');
    this.session = undefined;
    this.pooler.giveBack(session);
  }

  private leave(): void {
    this.isGone = true;
    if (this.session) this.pooler.replace(this.session);
    this.session = undefined;
  }
}
