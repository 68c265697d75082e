import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type LocalChain, startLocalChain } from '../../../scripts/local-chain/local-chain.js';
import { describeOnLocalChain } from '../../support/on-local-chain.js';
import { until } from '../../support/until.js';

const answers = async (rpcUrl: string): Promise<boolean> => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId' });
  const headers = { 'content-type': 'application/json' };
  return fetch(rpcUrl, { method: 'POST', headers, body }).then(
    ({ ok }) => ok,
    () => false,
  );
};

const during = async (chain: LocalChain, test: (chain: LocalChain) => Promise<void>): Promise<void> => {
  try {
    await test(chain);
  } finally {
    await chain.stop();
  }
};

describeOnLocalChain('the life of a local chain', () => {
  it('makes blocks when it is told to', async () => {
    await during(await startLocalChain({ chainId: 31337, automine: false }), async (chain) => {
      const { address, privateKey } = await chain.wallet();
      await chain.mint(address, 5n);
      await chain.approvePermit2(privateKey);
      expect([await chain.balanceOf(address), await chain.transactionCount(address)]).toEqual([0n, 0]);

      await chain.mine();
      expect([await chain.balanceOf(address), await chain.transactionCount(address)]).toEqual([5n, 1]);

      await chain.setAutomine(true);
      await chain.mint(address, 5n);
      expect(await chain.balanceOf(address)).toBe(10n);
      expect(await chain.client.getChainId()).toBe(31337);
    });
  });

  it('makes blocks at intervals', async () => {
    await during(await startLocalChain({ blockTime: 1 }), async (chain) => {
      const { address } = await chain.wallet();
      await Promise.all([chain.mint(address, 5n), chain.mint(address, 7n)]);
      expect(await chain.balanceOf(address)).toBe(12n);
    });
  });

  it('knows transactions that are in no block', async () => {
    await during(await startLocalChain(), async (chain) => {
      expect(await chain.receipt(`0x${'1'.repeat(64)}`)).toBeUndefined();
    });
  });

  it('ends when it is told to', async () => {
    const chain = await startLocalChain();
    expect(await answers(chain.rpcUrl)).toBe(true);
    await chain.stop();
    expect(await answers(chain.rpcUrl)).toBe(false);
  });

  it('ends with its process, however that ends', async () => {
    const program = `
      import { startLocalChain } from './scripts/local-chain/local-chain.js';
      console.log((await startLocalChain()).rpcUrl);
      setInterval(() => {}, 1000);`;
    const owner = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [rpcUrl] = (await once(createInterface(owner.stdout), 'line')) as [string];
    expect(await answers(rpcUrl)).toBe(true);

    owner.kill('SIGKILL');

    await until(async () => !(await answers(rpcUrl)));
  });
});
