import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Pool } from 'pg';
import { stringify } from 'yaml';
import { createApplication } from '../../src/app/application.js';
import { loadConfig } from '../../src/config/load-config.js';
import { DIALECTS } from '../../src/providers/dialects.js';
import { createLogger } from '../../src/app/logging/create-logger.js';
import { RunningCalls } from '../../src/payments/running-calls.js';
import { shutDown } from '../../src/app/shutdown.js';
import { expectSoundBooks } from './books.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';

export const ADMIN_TOKEN = 'test-admin-token-0123456789';

export interface GatewayOptions {
  /** Environment variables beside those that every test needs. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The gateway file; see `fileFor`. */
  readonly file?: object;
  /** Another replica on the same database, which then is not dropped with this one. */
  readonly database?: TestDatabase;
  /** Gets every line of the log; silent without it. */
  readonly log?: string[];
}

/** A gateway file with one provider and one model, `test-model`, at 1 and 2 USD per million tokens. */
export function fileFor(
  baseUrl: string,
  { provider = {}, model = {} }: { provider?: object; model?: object } = {},
): { readonly providers: readonly object[]; readonly models: readonly object[] } {
  return {
    providers: [
      { id: 'upstream', type: 'openai', base_url: baseUrl, api_key: 'sk-upstream-secret', ...provider },
    ],
    models: [
      {
        id: 'test-model',
        targets: [{ provider: 'upstream', model: 'upstream-model' }],
        context_window: 100_000,
        max_output_tokens: 1_000,
        pricing: { input: 1, output: 2 },
        ...model,
      },
    ],
  };
}

export interface CreatedKey {
  readonly id: string;
  readonly key: string;
}

/** The whole gateway in this process, over a database of its own, listening on a free port. */
export class TestGateway {
  private constructor(
    readonly app: NestExpressApplication,
    readonly database: TestDatabase,
    private readonly ownsDatabase: boolean,
    readonly directory: string,
  ) {}

  static async start({ environment = {}, file, database, log }: GatewayOptions = {}): Promise<TestGateway> {
    const directory = await mkdtemp(join(tmpdir(), 'slipstream-gateway-'));
    if (file) await writeFile(join(directory, 'gateway.yaml'), stringify(file));
    const testDatabase = database ?? (await createTestDatabase());
    const config = loadConfig(
      DIALECTS,
      {
        DATABASE_URL: testDatabase.url,
        DATA_DIR: directory,
        PORT: '0',
        ADMIN_TOKEN,
        LOG_LEVEL: log ? 'info' : 'silent',
        SHUTDOWN_GRACE_MS: '0',
        BUDGET_WAIT_MS: '0',
        ...environment,
      },
      directory,
    );
    const app = await createApplication(
      config,
      testDatabase.url,
      createLogger(config.log, { write: (line) => void log?.push(line) }),
    );
    await app.listen(0, '127.0.0.1');
    return new TestGateway(app, testDatabase, database === undefined, directory);
  }

  get server(): Server {
    return this.app.getHttpServer();
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pool(): Pool {
    return this.database.pool;
  }

  /** Paid calls that run at this moment. */
  get runningCalls(): number {
    return this.app.get(RunningCalls).size;
  }

  /** Resolves when every call has ended and settled. */
  idle(): Promise<void> {
    return this.app.get(RunningCalls).whenIdle();
  }

  async createKey(settings: object = {}): Promise<CreatedKey> {
    const response = await fetch(`${this.url}/admin/keys`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      body: JSON.stringify({ account: 'acme', ...settings }),
    });
    if (response.status !== 201) throw new Error(`no key: ${await response.text()}`);
    return (await response.json()) as CreatedKey;
  }

  /** A chat call; `test-model` unless the body names another. */
  chat(
    key: string,
    body: object = {},
    {
      path = '/v1',
      headers = {},
      signal,
    }: { path?: string; headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<Response> {
    return fetch(`${this.url}${path}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model: 'test-model', messages: [{ role: 'user', content: 'Hi' }], ...body }),
      ...(signal ? { signal } : {}),
    });
  }

  async keyBudget(id: string): Promise<{ spent: number; held: number }> {
    const { rows } = await this.pool.query<{ budget_spent: string; budget_held: string }>(
      'SELECT budget_spent, budget_held FROM api_keys WHERE id = $1',
      [id],
    );
    return { spent: Number(rows[0]?.budget_spent), held: Number(rows[0]?.budget_held) };
  }

  /** Ends the gateway; every hold must be gone and the books must add up. */
  async close(): Promise<void> {
    await shutDown(this.app, { graceMs: 0, hurry: AbortSignal.abort() });
    await expectSoundBooks(this.pool);
    if (this.ownsDatabase) await this.database.drop();
    await rm(this.directory, { recursive: true, force: true });
  }
}
