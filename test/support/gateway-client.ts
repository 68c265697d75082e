import type { Receipt } from '../../src/base/money/receipt.js';
import { ADMIN_TOKEN, type CreatedKey } from './gateway.js';
import { framesOf, type Frame } from './sse-frames.js';
import { until } from './until.js';

/** A streamed call that is being read. */
export class OpenStream {
  text = '';
  readonly ended: Promise<void>;

  /** Refuses what is no stream at once: who waits for one from there on would wait in vain, and not be told why. */
  constructor(readonly response: Response) {
    if (!response.ok) throw new Error(`It was answered with ${response.status} where a stream was to begin`);
    this.ended = this.read();
    // A stream may break before its test looks at it.
    this.ended.catch(() => undefined);
  }

  /** Waits until this text has come. */
  async shows(text: string): Promise<void> {
    await until(() => this.text.includes(text));
  }

  /** All frames of the whole stream. */
  async frames(): Promise<readonly Frame[]> {
    await this.ended;
    return framesOf(this.text);
  }

  private async read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of this.response.body ?? []) {
      this.text += decoder.decode(bytes as Uint8Array, { stream: true });
    }
  }
}

/** What a client and an operator do with a gateway that is only known by its address. */
export class GatewayClient {
  constructor(readonly url: string) {}

  async createKey(settings: object = {}): Promise<CreatedKey> {
    const response = await this.admin('/admin/keys', 'POST', { account: 'acme', ...settings });
    if (response.status !== 201) throw new Error(`no key: ${await response.text()}`);
    return (await response.json()) as CreatedKey;
  }

  admin(path: string, method: string, body?: object): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  }

  /** A chat call; `test-model` unless the body names another. */
  chat(key: string, body: object = {}, path = '/v1'): Promise<Response> {
    return fetch(`${this.url}${path}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'test-model', messages: [{ role: 'user', content: 'Hi' }], ...body }),
    });
  }

  async stream(key: string, body: object = {}): Promise<OpenStream> {
    return new OpenStream(await this.chat(key, { stream: true, ...body }));
  }
}

export function receiptIn(frames: readonly Frame[]): Receipt | undefined {
  return frames.find(({ event }) => event === 'compose.receipt')?.data as Receipt | undefined;
}
