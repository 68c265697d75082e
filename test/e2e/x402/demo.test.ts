import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { compileProject } from '../../support/compiled.js';
import { processEnvironment, removeDirectory, scratchDirectory } from '../../support/gateway-process.js';
import { describeOnLocalChain } from '../../support/on-local-chain.js';

describeOnLocalChain('npm run x402:demo', () => {
  it('shows two paid calls, their receipts and what moved, and leaves nothing behind', async () => {
    const directory = await scratchDirectory();
    const words = ['scripts/x402-demo.js', join(await compileProject(), 'main.js')];
    const { stdout } = await promisify(execFile)(process.execPath, words, {
      env: processEnvironment({ TMPDIR: directory }),
    });

    expect(stdout.match(/This is the sandbox assistant\. You wrote: Hello!/g)).toHaveLength(2);
    expect(stdout.match(/receipt {6}rct_\w+, settled/g)).toHaveLength(2);
    expect(stdout).toMatch(/buyer {2}0x\w+ {2}1\.000000 USDC\n {2}seller 0x\w+ {2}0\.000000 USDC/);
    const receipts = [...stdout.matchAll(/transaction {2}(0x\w{64})/g)].map(([, hash]) => hash);
    const [, transfers = ''] = stdout.split('The chain has 2 transfers to the seller:');
    expect([...transfers.matchAll(/0x\w{64}/g)].map(([hash]) => hash)).toEqual(receipts);
    expect(stdout).toContain('0.000018 USDC  in all');
    expect(await readdir(directory)).toEqual([]);
    await removeDirectory(directory);
  }, 200_000);
});
