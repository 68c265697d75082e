import { expect } from '@jest/globals';
import { GatewayClient } from './gateway-client.js';
import { TestGateway, type CreatedKey } from './gateway.js';
import type { Handler, ScriptedUpstream } from './scripted-upstream.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';

/** Two gateways on one database, as behind a balancer that asks them in turn. */
export class ReplicaPair {
  private constructor(
    readonly database: TestDatabase,
    readonly replicas: readonly [TestGateway, TestGateway],
  ) {}

  static async start(file: object, environment: Readonly<Record<string, string>> = {}): Promise<ReplicaPair> {
    const database = await createTestDatabase();
    const options = { database, file, environment };
    const replicas = await Promise.all([TestGateway.start(options), TestGateway.start(options)]);
    return new ReplicaPair(database, replicas);
  }

  get first(): TestGateway {
    return this.replicas[0];
  }

  get second(): TestGateway {
    return this.replicas[1];
  }

  createKey(settings: object): Promise<CreatedKey> {
    return this.first.createKey(settings);
  }

  /** Changes a key at the first replica. */
  async change(id: string, changes: object): Promise<void> {
    expect((await this.admin(id, 'PATCH', changes)).status).toBe(200);
  }

  async revoke(id: string): Promise<void> {
    expect((await this.admin(id, 'DELETE')).status).toBe(200);
  }

  /**
   * Many calls, to both in turn. Until every one of them is either with the upstream or refused, the upstream answers
   * nobody.
   *
   * @param whenIn runs when that is so
   */
  async together(
    upstream: ScriptedUpstream,
    calls: number,
    call: (replica: TestGateway, index: number) => Promise<Response>,
    { answer, whenIn }: { answer: Handler; whenIn: () => Promise<void> },
  ): Promise<readonly Response[]> {
    upstream.reset();
    let refused = 0;
    let open: () => void = () => undefined;
    const everybodyIsIn = new Promise<void>((resolve) => (open = resolve));
    const check = (): void => {
      if (upstream.requests.length + refused === calls) open();
    };
    const checked = everybodyIsIn.then(whenIn);
    upstream.always(async (exchange) => {
      check();
      await checked.catch(() => undefined);
      await answer(exchange);
    });
    const answers = await Promise.all(
      Array.from({ length: calls }, async (_, index) => {
        const response = await call(this.replicas[index % 2]!, index);
        if (response.status !== 200) refused += 1;
        check();
        return response;
      }),
    );
    await checked;
    return answers;
  }

  async idle(): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.idle()));
  }

  async close(): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.close()));
    await this.database.drop();
  }

  private admin(id: string, method: string, body?: object): Promise<Response> {
    return new GatewayClient(this.first.url).admin(`/admin/keys/${id}`, method, body);
  }
}

/** How often each status and code was answered, such as `{ '200': 6, '429 budget_held': 14 }`; reads the answers. */
export async function tally(answers: readonly Response[]): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const answer of answers) {
    const text = await answer.text();
    const code = answer.ok ? '' : ` ${(JSON.parse(text) as { error: { code: string } }).error.code}`;
    const name = `${answer.status}${code}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
