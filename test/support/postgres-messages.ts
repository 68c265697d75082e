/** Protocol version 3.0, as the first message of a session names it. */
const VERSION_3 = 196_608;
const SSL_REQUEST = 80_877_103;
const LENGTH_BYTES = 4;
const TYPE_BYTES = 1;

/** A whole message of PostgreSQL's protocol. The first ones of a client have no type. */
export interface PostgresMessage {
  readonly type: string;
  /** What follows its length. */
  readonly body: Buffer;
  readonly bytes: Buffer;
}

/** Cuts what comes on a socket into messages, wherever the pieces end. */
export class MessageReader {
  private pending: Buffer = Buffer.alloc(0);

  /** @param typed false for the first messages of a client */
  constructor(private typed: boolean) {}

  /** From the next message on, they begin with their type. */
  beginTypes(): void {
    this.typed = true;
  }

  *read(piece: Buffer): Generator<PostgresMessage> {
    this.pending = this.pending.length === 0 ? piece : Buffer.concat([this.pending, piece]);
    for (;;) {
      const head = this.typed ? TYPE_BYTES : 0;
      if (this.pending.length < head + LENGTH_BYTES) return;
      const end = head + this.pending.readInt32BE(head);
      if (this.pending.length < end) return;
      const bytes = this.pending.subarray(0, end);
      this.pending = this.pending.subarray(end);
      const type = this.typed ? String.fromCharCode(bytes[0]!) : '';
      yield { type, body: bytes.subarray(head + LENGTH_BYTES), bytes };
    }
  }
}

export function messageOf(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeInt32BE(LENGTH_BYTES + body.length);
  return Buffer.concat([Buffer.from(type), length, body]);
}

/** The settings in a client's first message; nothing when it asks for something else than a session. */
export function settingsIn({ body }: PostgresMessage): ReadonlyMap<string, string> | undefined {
  if (body.readInt32BE(0) !== VERSION_3) return undefined;
  const words = body.subarray(LENGTH_BYTES).toString().split('\0');
  const settings = new Map<string, string>();
  for (let at = 0; words[at]; at += 2) settings.set(words[at]!, words[at + 1] ?? '');
  return settings;
}

export function asksForTls({ body }: PostgresMessage): boolean {
  return body.readInt32BE(0) === SSL_REQUEST;
}

export function fatalError(code: string, text: string): Buffer {
  return messageOf('E', Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${text}\0\0`));
}
