import { framesOf, type Frame } from './sse-frames.js';

export interface Block {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A Message as a client reads it. */
export interface Message {
  readonly id: string;
  readonly model: string;
  readonly content: readonly Block[];
  readonly stop_reason: string | null;
  readonly usage: Record<string, unknown>;
  readonly compose_receipt?: Record<string, unknown>;
}

/** A client of the Messages API, on one surface of a gateway. */
export class MessagesClient {
  /** @param base the address that Anthropic's clients are given */
  constructor(
    readonly base: string,
    private readonly headers: Readonly<Record<string, string>>,
  ) {}

  /** The same client elsewhere. */
  at(base: string): MessagesClient {
    return new MessagesClient(base, this.headers);
  }

  post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.base}/v1${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'anthropic-version': '2023-06-01',
        ...this.headers,
        ...headers,
      },
      body: JSON.stringify(body),
    });
  }

  /** `test-model`, 100 tokens and one question unless the body says otherwise. */
  create(body: object = {}, headers: Record<string, string> = {}): Promise<Response> {
    return this.post('/messages', { ...QUESTION, ...body }, headers);
  }

  async message(body: object = {}): Promise<Message> {
    const response = await this.create(body);
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return (await response.json()) as Message;
  }

  async frames(body: object = {}): Promise<readonly Frame[]> {
    const response = await this.create({ ...body, stream: true });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return framesOf(await response.text());
  }
}

const QUESTION = { model: 'test-model', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] };

interface BlockFrame {
  readonly index: number;
  readonly message?: Message;
  readonly content_block?: Block;
  readonly delta?: Record<string, unknown>;
  readonly usage?: Record<string, unknown>;
}

/**
 * The Message that a stream amounts to, put together as Anthropic's SDK does it. Fails where the stream breaks its
 * rules: one block open at a time, indexes from 0 without gaps, a delta in each block.
 */
export function accumulated(frames: readonly Frame[]): Message {
  let message: Record<string, unknown> = {};
  const content: Record<string, unknown>[] = [];
  let open = false;
  let deltas = 0;
  for (const { event, data } of frames) {
    const frame = data as BlockFrame;
    const block = content[frame.index];
    switch (event) {
      case 'message_start':
        message = { ...frame.message };
        break;
      case 'content_block_start':
        if (open || frame.index !== content.length) throw new Error(`block ${frame.index} begins too early`);
        open = true;
        deltas = 0;
        content.push({
          ...frame.content_block,
          ...(frame.content_block?.type === 'tool_use' && { input: '' }),
        });
        break;
      case 'content_block_delta':
        if (!open || !block || frame.index !== content.length - 1)
          throw new Error('a delta of no open block');
        deltas += 1;
        extend(block, frame.delta ?? {});
        break;
      case 'content_block_stop':
        if (!open || deltas === 0) throw new Error(`block ${frame.index} ends without a delta`);
        open = false;
        break;
      case 'message_delta':
        if (open) throw new Error('the Message ends in the middle of a block');
        message = { ...message, ...frame.delta, usage: frame.usage };
        break;
      case 'message_stop':
        message = { ...message, ...(data as object), type: 'message' };
        break;
      case 'ping':
        break;
      default:
        throw new Error(`an unknown event: ${String(event)}`);
    }
  }
  return { ...message, content: content.map(parsed) } as unknown as Message;
}

function extend(block: Record<string, unknown>, delta: Record<string, unknown>): void {
  const add = (field: string, text: unknown): void => {
    block[field] = `${String(block[field])}${String(text)}`;
  };
  if (delta['type'] === 'text_delta') add('text', delta['text']);
  else if (delta['type'] === 'thinking_delta') add('thinking', delta['thinking']);
  else if (delta['type'] === 'signature_delta') block['signature'] = delta['signature'];
  else add('input', delta['partial_json']);
}

function parsed(block: Record<string, unknown>): Block {
  if (block['type'] !== 'tool_use') return block as Block;
  const text = String(block['input']);
  return { ...block, input: text === '' ? {} : (JSON.parse(text) as unknown) } as unknown as Block;
}
