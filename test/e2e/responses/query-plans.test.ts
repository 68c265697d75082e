import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { QueryConfig } from 'pg';
import { Database } from '../../../src/storage/database.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { ResponsesClient } from '../../support/responses-client.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { insertChain } from '../../support/stored-responses.js';

/** Chains of one account and of many others. */
const CHAINS = 500;
const TURNS = 100;

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let client: ResponsesClient;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
  const { key } = await gateway.createKey({ budget_limit: '1000000000' });
  client = new ResponsesClient(gateway.url, key);
  for (let chain = 0; chain < CHAINS; chain += 1) {
    const account = chain % 2 === 0 ? 'acme' : `account_${chain}`;
    await insertChain(gateway.pool, { account, turns: TURNS, prefix: `resp_${chain}_` });
  }
  // Logs of other responses; a table without any is rightly read from end to end.
  await gateway.pool.query(
    `INSERT INTO response_events (response_id, account_id, sequence_number, type, event)
     SELECT 'resp_logged_' || n, 'acme', number, 'response.created', '{}'
     FROM generate_series(1, 10000) AS n, generate_series(0, 4) AS number`,
  );
  await gateway.pool.query(
    `INSERT INTO conversations (id, account_id, metadata, created_at)
     SELECT 'conv_' || n, 'acme', '{}', now() FROM generate_series(1, 10000) AS n`,
  );
  await gateway.pool.query(
    `INSERT INTO conversation_items (conversation_id, position, account_id, item_id, item)
     SELECT 'conv_' || n, position, 'acme', 'msg_conv_' || n || '_' || position, '{}'
     FROM generate_series(1, 10000) AS n, generate_series(0, 4) AS position`,
  );
  await gateway.pool.query('ANALYZE');
}, 600_000);
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Statements about stored responses that a call to the gateway makes. */
async function statementsOf(call: () => Promise<Response>): Promise<readonly Statement[]> {
  const { pool } = gateway.app.get(Database);
  const query = jest.spyOn(pool, 'query');
  expect((await call()).status).toBe(200);
  const statements = query.mock.calls.map((given): Statement => {
    const [config, values] = given as unknown as [QueryConfig | string, unknown[] | undefined];
    return typeof config === 'string'
      ? { text: config, values: values ?? [] }
      : { text: config.text, values: (config.values as unknown[] | undefined) ?? [] };
  });
  query.mockRestore();
  return statements.filter(({ text }) => /response(s|_items|_events)\b|conversation/.test(text));
}

/** Tables of stored responses that a statement would read from end to end. */
async function tablesRead({ text, values }: Statement): Promise<readonly string[]> {
  const asked = await gateway.pool.query<{ 'QUERY PLAN': unknown }>(`EXPLAIN (FORMAT JSON) ${text}`, [
    ...values,
  ]);
  // As it is planned once for every call, which happens to a statement with a name.
  const generic = await gateway.pool.query<{ 'QUERY PLAN': unknown }>(
    `EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`,
  );
  const plans = JSON.stringify([...asked.rows, ...generic.rows]);
  const scans = plans.matchAll(
    /"Node Type":"Seq Scan"[^{}]*?"Relation Name":"((?:response|conversation)[a-z_]*)"/g,
  );
  return [...scans].map(([, table]) => table!);
}

const LAST = `resp_0_${TURNS}`;
const CALLS: Readonly<Record<string, () => Promise<Response>>> = {
  retrieve: () => client.find(LAST),
  'replay as a stream': () => client.find(LAST, '?stream=true'),
  'list input items': () => client.inputItems(LAST),
  'list input items after one': () => client.inputItems(LAST, `?order=asc&after=msg_${LAST}_0`),
  'continue a chain': () => client.create({ previous_response_id: LAST }),
  'refer to an item': () => client.create({ input: [{ type: 'item_reference', id: 'msg_resp_2_7_1' }] }),
  'create one': () => client.create(),
  delete: () => client.erase('resp_2_50'),
};

describe('with 50,000 stored responses', () => {
  it.each(Object.entries(CALLS))('no table is read from end to end to %s', async (_, call) => {
    const statements = await statementsOf(call);
    expect(statements.length).toBeGreaterThan(0);
    for (const statement of statements) {
      expect({ ...statement, tables: await tablesRead(statement) }).toMatchObject({ tables: [] });
    }
  });
});
