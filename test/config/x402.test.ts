import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/load-config.js';
import { DIALECTS } from '../../src/providers/dialects.js';
import { problemsOf, read } from './gateway-file-text.js';
import { cleanUpDirectories, temporaryDirectory } from './temporary-directory.js';

cleanUpDirectories();

const KEY = `0x${'5e'.repeat(32)}`;
const PAY_TO = '0x71C7656EC7ab88b098defB751B7401B5f6d8976F';
const FUJI = '{id: 43113, rpc_url: "http://127.0.0.1:8545/secret-path"}';
const OTHER = `{id: 8453, rpc_url: "http://127.0.0.1:8546", usdc: "${PAY_TO.toLowerCase()}", usdc_name: USDC, usdc_version: "3", confirmations: 4, permit2: "${PAY_TO}"}`;

function payments(fields: Record<string, string | undefined> = {}, chains = `[${FUJI}]`): string {
  const x402: Record<string, string | undefined> = {
    enabled: 'true',
    pay_to: `"${PAY_TO}"`,
    signer_key: '"${KEY}"',
    ...fields,
  };
  const entries = Object.entries(x402).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}: ${value}`,
  );
  return `payments: {chains: ${chains}, x402: {${entries.join(', ')}}}\n`;
}

describe('payments.x402 of the gateway file', () => {
  it('needs a recipient, a key and a chain, and knows the rest', () => {
    expect(read(payments(), { KEY }).payments.x402).toEqual({
      payTo: PAY_TO,
      signerKey: KEY,
      facilitatorUrl: undefined,
      defaultMaxAmount: 1_000_000n,
      chains: [
        {
          chainId: 43_113,
          rpcUrl: 'http://127.0.0.1:8545/secret-path',
          asset: '0x5425890298aed601595a70AB815c96711a31Bc65',
          assetName: 'USD Coin',
          assetVersion: '2',
          confirmations: 1,
          permit2: '0x000000000022D473030F116dDEE9F6B43aC78BA3',
          exactProxy: '0x402085c248EeA27D92E8b30b2C58ed07f9E20001',
          uptoProxy: '0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002',
        },
      ],
    });
  });

  it('takes every setting, and leaves out chains without an RPC', () => {
    const text = payments(
      { signer_key: undefined, facilitator: '"https://pay.example/x402"', default_max_amount: '"25"' },
      `[${OTHER}, {id: 5}]`,
    );
    const { chainIds, x402 } = read(text).payments;
    expect(chainIds).toEqual([8453, 5, 43_113]);
    expect(x402).toMatchObject({
      signerKey: undefined,
      facilitatorUrl: 'https://pay.example/x402',
      defaultMaxAmount: 25n,
      chains: [
        { chainId: 8453, asset: PAY_TO.toLowerCase(), assetName: 'USDC', assetVersion: '3', permit2: PAY_TO },
      ],
    });
    expect(x402?.chains).toHaveLength(1);
  });

  it('gets its times from the environment', () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'gateway.yaml'), payments());
    const load = (times: NodeJS.ProcessEnv) => loadConfig(DIALECTS, { KEY, ...times }, directory);
    expect(load({}).payments.x402).toMatchObject({
      settleMs: 20_000,
      repeatMs: 600_000,
      tokenMs: 3_600_000,
      payTo: PAY_TO,
    });
    const times = { X402_SETTLE_MS: '500', X402_REPEAT_MS: '0', X402_TOKEN_MS: '1000' };
    const config = load(times);
    expect(config.payments.x402).toMatchObject({ settleMs: 500, repeatMs: 0, tokenMs: 1_000 });
    // What is read again is compared with what runs.
    expect(config.readCatalogFile(join(directory, 'gateway.yaml')).payments).toEqual(config.payments);
  });
});

const AN_ADDRESS = 'an address: 0x and 40 hexadecimal digits, with the right capitals or none';
const A_KEY = 'payments.x402.signer_key: must be a private key: 0x and 64 hexadecimal digits';
const NO_CHAIN = 'payments.x402.enabled: needs a chain with rpc_url among payments.chains';
const ORDER = '0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141';
const AN_AMOUNT =
  'payments.x402.default_max_amount: must be a whole number of atomic units from 1 to 1000000000000000';

const MISTAKES: readonly (readonly [text: string, problems: readonly string[]])[] = [
  [payments({ pay_to: undefined }), ['payments.x402.pay_to: is required']],
  [payments({ pay_to: '"0x1"' }), [`payments.x402.pay_to: must be ${AN_ADDRESS}, and not zero`]],
  [
    payments({ pay_to: `"${PAY_TO.replace('C7', 'c7')}"` }),
    [`payments.x402.pay_to: must be ${AN_ADDRESS}, and not zero`],
  ],
  [
    payments({ pay_to: `"0x${'0'.repeat(40)}"` }),
    [`payments.x402.pay_to: must be ${AN_ADDRESS}, and not zero`],
  ],
  [payments({ signer_key: undefined }), ['payments.x402.signer_key: is required']],
  [
    payments({ signer_key: '"${NOT_SET}"' }),
    ['payments.x402.signer_key: takes the environment variable NOT_SET, which is not set'],
  ],
  [payments({ signer_key: `"${KEY}00"` }), [A_KEY]],
  [payments({ signer_key: `"${ORDER}"` }), [A_KEY]],
  [payments({ signer_key: `"0x${'0'.repeat(64)}"` }), [A_KEY]],
  [
    payments({ facilitator: '"https://pay.example"' }),
    ['payments.x402.signer_key: is for the embedded facilitator alone'],
  ],
  [
    payments({ facilitator: 'remote' }),
    [
      'payments.x402.facilitator: must be embedded, or the http(s) URL of a facilitator, without user, query and fragment',
    ],
  ],
  [payments({ default_max_amount: '0' }), [AN_AMOUNT]],
  [payments({ default_max_amount: '1.5' }), [AN_AMOUNT]],
  [payments({ default_max_amount: '1000000000000001' }), [AN_AMOUNT]],
  [payments({}, '[]'), [NO_CHAIN]],
  [payments({}, '[{id: 43113}]'), [NO_CHAIN]],
  [
    payments({}, '[{id: 5, rpc_url: "http://127.0.0.1"}]'),
    [
      'payments.chains[0].usdc: is required',
      'payments.chains[0].usdc_name: is required',
      'payments.chains[0].usdc_version: is required',
    ],
  ],
  [
    payments({}, '[{id: 43113, rpc_url: "ws://127.0.0.1/secret-path"}]'),
    ['payments.chains[0].rpc_url: must be an http(s) URL without user, query and fragment'],
  ],
  [
    payments({}, `[{id: 43113, rpc_url: "http://127.0.0.1", upto_proxy: "0x2"}]`),
    [`payments.chains[0].upto_proxy: must be ${AN_ADDRESS}`],
  ],
  [payments({ enabled: 'yes' }), ['payments.x402.enabled: must be one of true, false']],
];

describe('a mistake in it', () => {
  const said: string[] = [];
  afterAll(() => {
    expect(said.join()).not.toMatch(/5e5e|secret-path|baaedce6/i);
  });

  it.each(MISTAKES)('is named: %s', (text, problems) => {
    const found = problemsOf(text, { KEY });
    said.push(...found);
    expect(found).toEqual(problems);
  });
});
