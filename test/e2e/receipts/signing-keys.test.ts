import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { nextStalls } from '../../support/chat-scripts.js';
import { chatChunk } from '../../support/chat-wire.js';
import {
  GatewayProcess,
  removeDirectory,
  scratchDirectory,
  testEnvironment,
} from '../../support/gateway-process.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { openHolds } from '../../support/ledger-state.js';
import { expectGenuine, publishedKeys, verdictOn } from '../../support/receipts.js';
import { idIn, ResponsesClient } from '../../support/responses-client.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { until } from '../../support/until.js';

const newKey = (): string => randomBytes(32).toString('base64');

let upstream: ScriptedUpstream;
let database: TestDatabase;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(async () => {
  upstream.reset();
  database = await createTestDatabase();
});
afterEach(() => database.drop());
afterAll(() => upstream.close());

const start = (signingKey: string): Promise<TestGateway> =>
  TestGateway.start({
    database,
    file: fileFor(upstream.url),
    environment: { RECEIPT_SIGNING_KEY: signingKey, LEASE_MS: '9000' },
  });

async function receiptOf(gateway: TestGateway, key: string): Promise<unknown> {
  return ((await (await gateway.chat(key)).json()) as JsonObject)['compose_receipt'];
}

const namesOf = (keys: readonly JsonObject[]): unknown[] => keys.map(({ kid }) => kid);

describe('the keys that sign receipts', () => {
  it('of two replicas are published by both', async () => {
    const replicas = await Promise.all([start(newKey()), start(newKey())] as const);
    const { key } = await replicas[0].createKey();
    const receipts = await Promise.all(replicas.map((replica) => receiptOf(replica, key)));
    const [ofFirst, ofSecond] = await Promise.all(replicas.map(({ url }) => publishedKeys(url)));
    expect(ofFirst).toHaveLength(2);
    expect(ofSecond).toEqual(ofFirst);
    for (const receipt of receipts) expectGenuine(receipt, ofFirst ?? []);
    await Promise.all(replicas.map((replica) => replica.close()));
  });

  it('stay published when another one takes over', async () => {
    const [old, renewed] = [newKey(), newKey()];
    const before = await start(old);
    const { key } = await before.createKey();
    const response = await new ResponsesClient(before.url, key, '/v1').created();
    const keysBefore = await publishedKeys(before.url);
    await before.close();

    const after = await start(renewed);
    const receipt = await receiptOf(after, key);
    const keys = await publishedKeys(after.url);
    expect(namesOf(keys)).toEqual([expect.any(String), ...namesOf(keysBefore)]);
    expectGenuine(response.compose_receipt, keys);
    expectGenuine(receipt, keys);
    expect(verdictOn(receipt, keysBefore)).toHaveProperty('problem');
    const stored = await new ResponsesClient(after.url, key, '/v1').found(response.id);
    expect(stored.compose_receipt).toEqual(response.compose_receipt);
    await after.close();

    const again = await start(old);
    expect(await publishedKeys(again.url)).toEqual(keys);
    await again.close();
  });
});

describe('a receipt that a replica writes for a process that died', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await scratchDirectory();
  });
  afterEach(async () => {
    await GatewayProcess.endAll();
    await removeDirectory(directory);
  });

  it('is signed by the replica', async () => {
    const environment = testEnvironment(database.url, { LEASE_MS: '9000', RECEIPT_SIGNING_KEY: newKey() });
    const gateway = await GatewayProcess.start({ directory, environment, file: fileFor(upstream.url) });
    const { key } = await gateway.client.createKey({ budget_limit: '1000000' });
    const stalled = nextStalls(upstream, chatChunk({ role: 'assistant', content: 'word '.repeat(80) }));
    const stream = await new ResponsesClient(gateway.url, key, '/v1').open();
    await stalled;
    await until(async () =>
      (await openHolds(database.pool)).some(({ outputTokens }) => outputTokens === 100),
    );
    const [killed] = await publishedKeys(gateway.url);
    await gateway.kill();
    // Nobody has to wait for the end of its lease.
    await database.pool.query('UPDATE gateway_processes SET lease_expires_at = now()');
    await expect(stream.ended).rejects.toThrow();

    const replica = await start(newKey());
    const client = new ResponsesClient(replica.url, key, '/v1');
    await until(async () => (await client.found(idIn(stream))).compose_receipt !== undefined);
    const { compose_receipt: receipt } = await client.found(idIn(stream));
    expect(verdictOn(receipt, [killed])).toHaveProperty('problem');
    expect(expectGenuine(receipt, await publishedKeys(replica.url))).toMatchObject({
      finalAmountWei: '210',
      responseId: idIn(stream),
    });
    await replica.close();
  });
});
