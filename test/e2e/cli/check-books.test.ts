import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { slipstream, type CommandResult } from '../../support/command-line.js';
import { compileProject } from '../../support/compiled.js';
import { removeDirectory, scratchDirectory } from '../../support/gateway-process.js';
import { fileFor, TestGateway, type CreatedKey } from '../../support/gateway.js';
import { chatAnswer, chatUsage } from '../../support/chat-wire.js';
import { nextStalls } from '../../support/chat-scripts.js';
import {
  startScriptedUpstream,
  type Exchange,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let directory: string;
let key: CreatedKey;
/** A call that runs while the books are checked, and so holds something. */
let running: Exchange;
let runningCall: Promise<Response>;

beforeAll(async () => {
  await compileProject();
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
  directory = await scratchDirectory();
  key = await gateway.createKey({ budget_limit: '100000' });
  const small = await gateway.createKey({ budget_limit: '200' });
  await Promise.all(
    [1, 2, 3].map(() => gateway.chat(key.key, { stream: true }).then((answer) => answer.text())),
  );
  await gateway.chat(key.key, { model: 'sandbox/echo' });
  upstream.next((exchange) => exchange.json({ error: { message: 'no' } }, 400));
  await gateway.chat(key.key);
  // More than its budget covers: the operator bears the rest.
  upstream.next((exchange) =>
    exchange.json(chatAnswer({ content: 'x' }, 'stop', { usage: chatUsage(50, 500) })),
  );
  expect((await gateway.chat(small.key, { max_tokens: 16 })).status).toBe(200);
  await gateway.idle();
  const stalled = nextStalls(upstream);
  runningCall = gateway.chat(key.key);
  running = await stalled;
});
afterAll(async () => {
  running.json(chatAnswer({ content: 'done' }));
  await runningCall;
  await gateway.close();
  await upstream.close();
  await removeDirectory(directory);
});

function check(): Promise<CommandResult> {
  return slipstream(['check-books'], { directory, environment: { DATABASE_URL: gateway.database.url } });
}

async function value(sql: string): Promise<string> {
  const { rows } = await gateway.pool.query<{ value: string }>(sql);
  return rows[0]?.value ?? 'nothing';
}

describe('slipstream check-books', () => {
  it('finds nothing after real traffic, beside a call that runs', async () => {
    expect(await value('SELECT count(*) AS value FROM overruns')).toBe('1');
    const { status, stdout, stderr } = await check();
    expect({ status, stderr, stdout }).toEqual({
      status: 0,
      stderr: '',
      stdout: expect.stringMatching(
        /^The books agree: 2 keys, 5 receipts, \d+ entries, 1 open holds\.\n$/,
      ) as unknown,
    });
  });

  /** What is spoilt, how it is mended, and the lines that must be there, and no others. */
  it.each<[string, string, string, readonly RegExp[]]>([
    [
      'what a key has spent',
      `UPDATE api_keys SET budget_spent = budget_spent + 7 WHERE budget_limit = 100000`,
      `UPDATE api_keys SET budget_spent = budget_spent - 7 WHERE budget_limit = 100000`,
      [
        /^KEY: budget_spent is \d+, by its ledger entries it is \d+$/,
        /^KEY: budget_spent is \d+, by its receipts it is \d+$/,
      ],
    ],
    [
      'what a key holds',
      `UPDATE api_keys SET budget_held = budget_held + 1 WHERE budget_limit = 100000`,
      `UPDATE api_keys SET budget_held = budget_held - 1 WHERE budget_limit = 100000`,
      [/^KEY: budget_held is \d+, by its open holds it is \d+$/],
    ],
    [
      'how many calls a key runs',
      `UPDATE api_keys SET open_holds = 2 WHERE budget_limit = 100000`,
      `UPDATE api_keys SET open_holds = 1 WHERE budget_limit = 100000`,
      [/^KEY: open_holds is 2, by its open holds it is 1$/],
    ],
    [
      'what was held for a call',
      `UPDATE holds SET amount = amount + 1`,
      `UPDATE holds SET amount = amount - 1`,
      [/^KEY: budget_held is \d+, by its open holds it is \d+$/],
    ],
    [
      'an entry',
      `INSERT INTO ledger_entries (transaction_id, ledger_account, amount)
         SELECT min(receipt_id), 'key:' || 'KEY', -1 FROM charge_entries WHERE key_id = 'KEY'`,
      `DELETE FROM ledger_entries WHERE ledger_account LIKE 'key:%'`,
      [
        /^KEY: budget_spent is \d+, by its ledger entries it is \d+$/,
        /^rct_\w+: the entry key:KEY is -\d+, by the receipt or overrun it is -\d+$/,
        /^rct_\w+: the sum of its entries is -1, by double entry it is 0$/,
      ],
    ],
    [
      'what a key paid, at the expense of the operator',
      `UPDATE charge_entries SET paid = paid - 1, difference = difference + 1
         WHERE receipt_id = (SELECT min(receipt_id) FROM charge_entries WHERE key_id = 'KEY')`,
      `UPDATE charge_entries SET paid = paid + 1, difference = difference - 1
         WHERE receipt_id = (SELECT min(receipt_id) FROM charge_entries WHERE key_id = 'KEY')`,
      [
        /^KEY: budget_spent is \d+, by its ledger entries it is \d+$/,
        /^rct_\w+: the entry key:KEY is -\d+, by the receipt or overrun it is -\d+$/,
        /^rct_\w+: the entry operator:overrun is -1, by the receipt or overrun it is 0$/,
      ],
    ],
    [
      'a provider entry that is moved to another provider',
      `UPDATE charge_entries SET provider = 'other' WHERE provider = 'sandbox'`,
      `UPDATE charge_entries SET provider = 'sandbox' WHERE provider = 'other'`,
      [
        /^rct_\w+: the entry provider:other is \d+, by the receipt or overrun it is 0$/,
        /^rct_\w+: the entry provider:sandbox is missing, by the receipt or overrun it is \d+$/,
      ],
    ],
    [
      'entries of nothing',
      `INSERT INTO ledger_entries (transaction_id, ledger_account, amount) VALUES ('rct_x', 'platform:fee', 5), ('rct_x', 'provider:sandbox', -5)`,
      `DELETE FROM ledger_entries WHERE transaction_id = 'rct_x'`,
      [
        /^rct_x: the entry platform:fee is 5, by the receipt or overrun it is 0$/,
        /^rct_x: the entry provider:sandbox is -5, by the receipt or overrun it is 0$/,
      ],
    ],
    [
      'the final amount of a receipt',
      `UPDATE receipts SET final_amount = final_amount + 1 WHERE meter_subject LIKE 'sandbox:%'`,
      `UPDATE receipts SET final_amount = final_amount - 1 WHERE meter_subject LIKE 'sandbox:%'`,
      [
        /^KEY: budget_spent is \d+, by its receipts it is \d+$/,
        /^rct_\w+: final_amount is \d+, by its other amounts it is \d+$/,
        /^rct_\w+: the entry key:KEY is -\d+, by the receipt or overrun it is -\d+$/,
      ],
    ],
    [
      'the lines of a receipt',
      `UPDATE receipts SET lines = replace(lines::text, '"1000"', '"1"')::json WHERE overrun > 0`,
      `UPDATE receipts SET lines = replace(lines::text, '"1"]', '"1000"]')::json WHERE overrun > 0`,
      [/^rct_\w+: provider_amount is 1050, by its line items it is 51$/],
    ],
    [
      'an overrun',
      `UPDATE overruns SET amount = amount + 1`,
      `UPDATE overruns SET amount = amount - 1`,
      [/^ovr_\w+: amount is \d+, by the overrun of its receipt it is \d+$/],
    ],
    [
      'an overrun that came after a sweep',
      `INSERT INTO overruns (id, hold_id, key_id, account_id, request_id, amount, reason)
       VALUES ('ovr_x', 'hold_x', 'KEY', 'acme', 'req_x', 9, 'after_sweep')`,
      `DELETE FROM overruns WHERE id = 'ovr_x'`,
      [/^ovr_x: the entry operator:overrun is missing, by the receipt or overrun it is -9$/],
    ],
    [
      'a hold of a key that is not there',
      `INSERT INTO holds (id, key_id, account_id, process_id, request_id, amount, input_tokens, terms)
       VALUES ('hold_x', 'key_x', 'acme', '', 'req_x', 3, 0, '{}')`,
      `DELETE FROM holds WHERE id = 'hold_x'`,
      [
        /^key_x: budget_held is missing, by its open holds it is 3$/,
        /^key_x: open_holds is missing, by its open holds it is 1$/,
      ],
    ],
    [
      'a hold that a receipt has ended',
      `INSERT INTO holds (id, key_id, account_id, process_id, request_id, amount, input_tokens, terms)
       SELECT hold_id, 'key_x', 'acme', '', 'req_x', 0, 0, '{}' FROM receipts WHERE overrun > 0`,
      `DELETE FROM holds WHERE key_id = 'key_x'`,
      [
        /^hold_\w+: amount is 0, by the receipt rct_\w+, which ended it, it is 0$/,
        /^key_x: budget_held is missing, by its open holds it is 0$/,
        /^key_x: open_holds is missing, by its open holds it is 1$/,
      ],
    ],
  ])('reports %s', async (_what, spoil, mend, lines) => {
    await gateway.pool.query(spoil.replaceAll('KEY', key.id));
    const { status, stdout, stderr } = await check();
    await gateway.pool.query(mend.replaceAll('KEY', key.id));
    const found = stdout.replaceAll(key.id, 'KEY').trimEnd().split('\n');
    expect(status).toBe(1);
    expect(found.sort()).toEqual(lines.map((line) => expect.stringMatching(line) as unknown));
    expect(stderr).toContain(`Differences: ${lines.length}, in 2 keys`);
  });

  it('finds nothing once all is mended', async () => {
    expect((await check()).status).toBe(0);
  });
});
