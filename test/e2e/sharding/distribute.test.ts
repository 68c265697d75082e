import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { applyMigrations } from '../../../src/storage/migrations/apply-migrations.js';
import { distribute } from '../../../src/storage/sharding/distribute.js';
import { slipstream, type CommandResult } from '../../support/command-line.js';
import { compileProject } from '../../support/compiled.js';
import { removeDirectory, scratchDirectory } from '../../support/gateway-process.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { startScriptedUpstream } from '../../support/scripted-upstream.js';
import { insertChain } from '../../support/stored-responses.js';
import {
  createEmptyTestDatabase,
  createTestCluster,
  ON_SHARDS,
  type TestDatabase,
} from '../../support/test-database.js';

const onShards = ON_SHARDS ? describe : describe.skip;

let directory: string;
beforeAll(async () => {
  await compileProject();
  directory = await scratchDirectory();
}, 120_000);
afterAll(() => removeDirectory(directory));

function run(database: TestDatabase): Promise<CommandResult> {
  return slipstream(['distribute'], { directory, environment: { DATABASE_URL: database.url } });
}

describe('distribute', () => {
  it('says that a server of its own has nothing to distribute to', async () => {
    const database = await createEmptyTestDatabase();
    await applyMigrations(database.url);
    const { status, stderr } = await run(database);
    expect(status).toBe(2);
    expect(stderr).toContain('without Citus');
    expect((await database.pool.query(`SELECT to_regnamespace('sharded') AS made`)).rows).toEqual([
      { made: null },
    ]);
    await database.drop();
  });
});

/** Needs a cluster: see docs/scale.md. */
onShards('distribute on a cluster', () => {
  it('moves what there is to the workers, once, and says where everything is', async () => {
    const name = `test_${randomBytes(8).toString('hex')}`;
    const database = await createTestCluster(name);
    const upstream = await startScriptedUpstream();
    await applyMigrations(database.url);
    const before = await TestGateway.start({ file: fileFor(upstream.url), database });
    const { key } = await before.createKey();
    const serving = await run(database);
    expect(serving.status).toBe(2);
    expect(serving.stderr).toContain('Stop all of them');
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const ask = (gateway: TestGateway, body: object): Promise<Response> =>
      fetch(`${gateway.url}/v1/responses`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ model: 'test-model', ...body }),
      });
    const first = (await (await ask(before, { input: 'one' })).json()) as { id: string };
    await before.close();
    await insertChain(database.pool, { account: 'other', turns: 50 });

    const { status, stdout } = await run(database);
    expect(stdout).toMatch(/responses +\d+ shards, by account +now/);
    expect(stdout).toMatch(/receipts +on the coordinator/);
    expect(status).toBe(0);
    const again = await run(database);
    expect(again.stdout).toMatch(/responses +\d+ shards, by account +already/);
    expect(again.stdout).toContain('there already');
    const { rows } = await database.pool.query('SELECT count(*)::int AS responses FROM responses');
    expect(rows).toEqual([{ responses: 51 }]);

    const after = await TestGateway.start({ file: fileFor(upstream.url), database });
    const second = await ask(after, { input: 'two', previous_response_id: first.id });
    expect(second.status).toBe(200);
    const messages = upstream.requests.at(-1)?.body as { readonly messages: readonly object[] };
    expect(messages.messages).toHaveLength(3);
    await after.close();
    await database.drop();
    await upstream.close();
  });

  it('has to be run again for the functions of another version', async () => {
    const name = `test_${randomBytes(8).toString('hex')}`;
    const database = await createTestCluster(name);
    await applyMigrations(database.url);
    expect((await distribute(database.url)).functions).toBe('installed');
    await database.pool.query(`UPDATE sharded.installed SET version = 'earlier'`);
    await expect(TestGateway.start({ database })).rejects.toThrow('by another version');
    expect((await distribute(database.url)).functions).toBe('installed');
    await (await TestGateway.start({ database })).close();
    await database.drop();
  });
});
