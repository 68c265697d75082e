import { execFile } from 'node:child_process';
import { Agent, request, type IncomingMessage } from 'node:http';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import type { GatewayProcess } from './gateway-process.js';
import { until } from './until.js';

/** Ids of the worker processes of a gateway that live now. */
export async function workersOf({ pid }: GatewayProcess): Promise<readonly number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,args=']);
  return stdout.split('\n').flatMap((line) => {
    const [id, parent, ...words] = line.trim().split(/\s+/);
    return Number(parent) === pid && /\.js\b/.test(words.join(' ')) ? [Number(id)] : [];
  });
}

/** Waits until so many workers live. */
export async function untilWorkers(gateway: GatewayProcess, count: number): Promise<void> {
  await until(async () => (await workersOf(gateway)).length === count);
}

/** The status of an answer; undefined if there is none: a worker that ends closes its connections, perhaps just now. */
export function statusOf(answer: Promise<Response>): Promise<number | undefined> {
  return answer.then(
    ({ status }) => status,
    () => undefined,
  );
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** An answer as it comes. */
export class LineAnswer {
  text = '';
  /** Rejects when the answer breaks. */
  readonly ended: Promise<void>;

  constructor(readonly message: IncomingMessage) {
    message.setEncoding('utf8');
    message.on('data', (text: string) => (this.text += text));
    this.ended = new Promise((resolve, reject) => {
      message.once('end', resolve);
      message.once('error', reject);
    });
    this.ended.catch(() => undefined);
  }

  get status(): number {
    return this.message.statusCode ?? 0;
  }

  async shows(text: string): Promise<void> {
    await until(() => this.text.includes(text));
  }

  async whole(): Promise<string> {
    await this.ended;
    return this.text;
  }
}

/** One connection to a gateway, so one of its workers answers all that is asked on it. The log level must be `info`. */
export class WorkerLine {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  private constructor(
    private readonly gateway: GatewayProcess,
    private readonly key: string,
  ) {}

  /** A connection to a worker that is none of `others`. */
  static async open(
    gateway: GatewayProcess,
    key: string,
    others: readonly number[] = [],
  ): Promise<{ readonly line: WorkerLine; readonly pid: number }> {
    for (;;) {
      const line = new WorkerLine(gateway, key);
      const pid = await line.pid();
      if (!others.includes(pid)) return { line, pid };
      line.close();
    }
  }

  ask(
    method: string,
    path: string,
    { body, headers = {} }: { body?: object; headers?: object } = {},
  ): Promise<LineAnswer> {
    return new Promise((resolve, reject) => {
      const asked = request(
        `${this.gateway.url}${path}`,
        {
          method,
          agent: this.agent,
          headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/json', ...headers },
        },
        (message) => resolve(new LineAnswer(message)),
      );
      asked.once('error', reject);
      asked.end(body && JSON.stringify(body));
    });
  }

  /** A chat call of `test-model`. */
  chat(body: object = {}): Promise<LineAnswer> {
    const messages = [{ role: 'user', content: 'Hi' }];
    return this.ask('POST', '/v1/chat/completions', { body: { model: 'test-model', messages, ...body } });
  }

  close(): void {
    this.agent.destroy();
  }

  /** As the log says who has answered. */
  private async pid(): Promise<number> {
    const id = randomUUID();
    const answer = await this.ask('GET', '/v1/models', { headers: { 'x-request-id': id } });
    await answer.ended;
    const said = new RegExp(`^.*"pid":(\\d+).*"requestId":"${id}".*$`, 'm');
    await until(() => said.test(this.gateway.stdout));
    return Number(said.exec(this.gateway.stdout)?.[1]);
  }
}
