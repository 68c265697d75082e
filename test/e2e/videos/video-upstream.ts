import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** A server that speaks OpenAI's videos wire as a test wants it; without further words its one job is in progress. */
export class VideoUpstream {
  submissions = 0;
  /** Of the submissions: what they are known by. */
  readonly keys = new Set<string | undefined>();
  readonly bodies: string[] = [];
  polls = 0;
  contents = 0;
  submit: Answer = says({ status: 'queued', progress: 0 });
  find: Answer = says({ status: 'in_progress', progress: 40 });
  content: Answer = (response) => response.end('bytes');

  private constructor(private readonly server: Server) {}

  static async start(): Promise<VideoUpstream> {
    const server = createServer();
    const upstream = new VideoUpstream(server);
    server.on('request', (request, response) => {
      let body = '';
      request.on('data', (bytes: Buffer) => (body += bytes.toString('latin1')));
      request.once('end', () => upstream.answer(request, response, body));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return upstream;
  }

  get url(): string {
    const { port } = this.server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** For a gateway file with one model, `film`, of 4 or 8 seconds at 0.1 USD each. */
  get file(): object {
    return this.fileWith();
  }

  /** @param provider more of its settings */
  fileWith(provider: object = {}): object {
    return {
      providers: [
        {
          id: 'studio',
          type: 'openai',
          base_url: this.url,
          api_key: 'sk-1',
          wires: ['videos'],
          ...provider,
        },
      ],
      models: [
        {
          id: 'film',
          kind: 'video',
          targets: [{ provider: 'studio', model: 'film-upstream' }],
          pricing: { per_second: 0.1 },
          durations: [4, 8],
          sizes: ['1280x720'],
          input: ['text', 'image'],
        },
      ],
    };
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private answer(request: IncomingMessage, response: ServerResponse, body: string): void {
    const [path = ''] = (request.url ?? '').split('?');
    if (request.method === 'POST') {
      this.submissions += 1;
      this.bodies.push(body);
      this.keys.add(request.headers['idempotency-key']?.toString());
      this.submit(response, request);
    } else if (path.endsWith('/content')) {
      this.contents += 1;
      this.content(response, request);
    } else {
      this.polls += 1;
      this.find(response, request);
    }
  }
}

/** A gateway file with one model, `film`, of 4 seconds at 0.1 USD each: from the first, and else from the second. */
export function fileWithBoth(first: VideoUpstream, second: VideoUpstream, settings: object = {}): object {
  const provider = { type: 'openai', wires: ['videos'], ...settings };
  return {
    providers: [
      { id: 'first', base_url: first.url, ...provider },
      { id: 'second', base_url: second.url, ...provider },
    ],
    models: [
      {
        id: 'film',
        kind: 'video',
        targets: [
          { provider: 'first', model: 'a' },
          { provider: 'second', model: 'b', priority: 2 },
        ],
        pricing: { per_second: 0.1 },
        durations: [4],
        input: ['text', 'image'],
      },
    ],
  };
}

/** The job as the wire has it. */
export function says(fields: object, status = 200): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: 'up_1', object: 'video', seconds: '4', ...fields }));
  };
}

export function refuses(status: number, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(
      JSON.stringify({ error: { message: 'secret words', type: 'error', code: null, param: null } }),
    );
  };
}

/** The connection breaks after the request has arrived. */
export const breaks: Answer = (response) => {
  response.destroy();
};

/** Nothing is ever said. */
export const hangs: Answer = () => undefined;
