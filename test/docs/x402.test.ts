import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startLocalChain, type LocalChain, type Wallet } from '../../scripts/local-chain/local-chain.js';
import { TestGateway } from '../support/gateway.js';
import { describeOnLocalChain } from '../support/on-local-chain.js';
import { shopFile } from '../support/shop.js';
import { codeBlocks, page } from './markdown.js';

const programs = codeBlocks(page('docs/x402.md'), 'js');

describeOnLocalChain('the programs of docs/x402.md', () => {
  let chain: LocalChain;
  let gateway: TestGateway;
  let buyer: Wallet;

  beforeAll(async () => {
    chain = await startLocalChain();
    const [seller, signer] = [await chain.wallet(), await chain.wallet()];
    buyer = await chain.wallet();
    await chain.mint(buyer.address, 1_000_000n);
    await chain.approvePermit2(buyer.privateKey);
    const { payments } = shopFile('http://127.0.0.1', chain, { seller: seller.address, signer }) as {
      payments: object;
    };
    gateway = await TestGateway.start({ file: { payments } });
  });
  afterAll(async () => {
    await gateway.close();
    await chain.stop();
  });

  it('are there for both clients', () => {
    expect(programs).toHaveLength(2);
  });

  it.each(programs)('pay, and print an answer', async (text) => {
    const here = text.replaceAll('http://127.0.0.1:3000', gateway.url);
    const words = ['--input-type=module', '--eval', here];
    const { stdout } = await promisify(execFile)(process.execPath, words, {
      env: { ...process.env, WALLET_KEY: buyer.privateKey, NODE_OPTIONS: '' },
    });
    expect(stdout).toMatch(/You wrote: Hello! .*0x[0-9a-f]{64}/);
    if (stdout.includes('receipts')) expect(stdout).toContain('1 receipts');
  });
});
