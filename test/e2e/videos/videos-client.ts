import { until } from '../../support/until.js';

export interface ShownVideo {
  readonly id: string;
  readonly object: string;
  readonly status: string;
  readonly progress: number;
  readonly model: string;
  readonly url?: string;
  readonly error?: { readonly code: string; readonly message: string } | null;
  readonly compose_receipt?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** What a client does with the videos of a gateway that is only known by its address. */
export class VideosClient {
  constructor(
    private readonly url: string,
    private readonly key: string,
    private readonly surface: '' | '/external' = '',
  ) {}

  call(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.url}${this.surface}/v1/videos${path}`, {
      method,
      headers: { authorization: `Bearer ${this.key}`, ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
  }

  generate(body: object = {}): Promise<Response> {
    return this.call('POST', '/generations', { model: 'sandbox/video', prompt: 'A yellow square', ...body });
  }

  /** A job that was accepted. */
  async made(body: object = {}): Promise<ShownVideo> {
    const response = await this.generate(body);
    if (response.status !== 202) throw new Error(`no video: ${await response.text()}`);
    return (await response.json()) as ShownVideo;
  }

  async find(id: string): Promise<ShownVideo> {
    return (await (await this.call('GET', `/${id}`)).json()) as ShownVideo;
  }

  /** Asks again and again, as a client without streams does. */
  async ended(id: string): Promise<ShownVideo> {
    await until(async () => ['completed', 'failed'].includes((await this.find(id)).status));
    return this.find(id);
  }
}
