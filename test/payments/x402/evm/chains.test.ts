import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { CONTRACTS } from '../../../../scripts/local-chain/local-chain.js';
import { EvmChains } from '../../../../src/payments/x402/evm/evm-chains.js';
import { paymentRequirements } from '../../../../src/payments/x402/requirements.js';
import { describeOnLocalChain } from '../../../support/on-local-chain.js';
import { PaymentWorld } from '../../../support/payment-world.js';
import { wayOf } from '../../../support/shop.js';

describeOnLocalChain('the chains of payments', () => {
  let world: PaymentWorld;

  beforeAll(async () => {
    world = await PaymentWorld.start();
  });
  afterAll(() => world.stop());
  afterEach(() => {
    world.node.rule(() => 'passed');
    jest.restoreAllMocks();
  });

  const CHAIN = 43113;
  const away = expect.objectContaining({ code: 'service_unavailable', retryAfterSeconds: 10 });
  const chainOf = (chains: EvmChains): unknown => {
    try {
      return chains.chain(CHAIN);
    } catch (thrown) {
      return thrown;
    }
  };
  const logged = (): (() => string) => {
    const lines = [
      jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined),
      jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined),
    ];
    return () => lines.flatMap(({ mock }) => mock.calls.map(([line]) => String(line))).join('\n');
  };

  it('has none where wallets cannot pay', async () => {
    const chains = new EvmChains(undefined, world.journal, world.moments);
    await chains.start();

    expect(chains.ready()).toEqual([]);
    expect(chainOf(chains)).toMatchObject({ code: 'chain_not_supported' });
  });

  it('starts while a chain is away, and takes payments when it is there', async () => {
    const log = logged();
    world.node.rule(() => 'refused');
    const chains = await world.process();
    expect(chainOf(chains)).toEqual(away);
    expect(chains.ready()).toEqual([]);
    expect(log()).toContain('chain 43113 takes no payments: it cannot be reached');
    expect(log()).not.toContain('secret-path');

    world.node.rule(() => 'passed');
    await chains.tend();

    expect(chains.ready()).toEqual([chains.chain(CHAIN)]);
    world.node.rule(() => 'refused');
    await chains.tend();
    expect(chainOf(chains)).toEqual(away);
  });

  it.each<[string, Parameters<PaymentWorld['config']>[1], string]>([
    ['name', { assetName: 'USDC' }, 'usdc_name is "USD Coin" there, not "USDC"'],
    ['version', { assetVersion: '1' }, 'usdc_version is "2" there, not "1"'],
    ['token', { asset: '0x00000000000000000000000000000000000000aa' }, 'there is no contract at usdc'],
    ['chain', { chainId: 43114 }, 'rpc_url leads to chain 43113'],
    ['kind of token', { asset: CONTRACTS.permit2 }, 'has no name, version or decimals'],
  ])('takes no payments on a chain with another %s', async (_what, changes, problem) => {
    const log = logged();
    const chains = await world.process({}, changes);

    expect(chains.ready()).toEqual([]);
    expect(log()).toContain(problem);
  });

  it('takes no payments by Permit2 whose proxy is elsewhere', async () => {
    const log = logged();
    const elsewhere = await world.open({}, { uptoProxy: CONTRACTS.exactProxy });
    expect(elsewhere).toMatchObject({ hasUpto: false, hasPermit2Exact: true });
    expect(log()).toContain(`the upto proxy is not at ${CONTRACTS.uptoProxy}`);
    const other = await world.open({}, { exactProxy: CONTRACTS.uptoProxy });
    expect(other).toMatchObject({ hasUpto: true, hasPermit2Exact: false });
    expect(log()).toContain(
      `no exact payments by Permit2: the exact proxy is not at ${CONTRACTS.exactProxy}`,
    );
  });

  it('warns where its signer is paid itself', async () => {
    const log = logged();
    await world.open();
    expect(log()).not.toContain('pays');
    expect(await world.open({ payTo: world.signer.address.toLowerCase() })).toMatchObject({ chainId: CHAIN });
    expect(log()).toContain(`chain 43113 pays ${world.signer.address}, the signer`);
  });

  it.each([
    ['permit2', 'Permit2', { hasUpto: false, hasPermit2Exact: false }],
    ['multicall3', 'Multicall3', { hasUpto: false, hasPermit2Exact: false }],
    ['exactProxy', 'the exact proxy', { hasUpto: true, hasPermit2Exact: false }],
    ['uptoProxy', 'the upto proxy', { hasUpto: false, hasPermit2Exact: true }],
  ] as const)(
    'takes no payments that need a contract that is missing: %s',
    async (contract, name, offered) => {
      const log = logged();
      const { client } = world.chain;
      const address = CONTRACTS[contract];
      const code = await client.getCode({ address });
      await client.setCode({ address, bytecode: '0x' });

      const chain = await world.open();

      await client.setCode({ address, bytecode: code! });
      expect(chain).toMatchObject(offered);
      expect(log()).toContain(`${name} is missing`);
      const asked = paymentRequirements(chain, { usage: true, most: 2n, agreed: 1n, timeoutMs: 1_000 });
      expect(asked.map(wayOf)).toEqual([
        ...(offered.hasUpto ? ['upto'] : []),
        'exact',
        ...(offered.hasPermit2Exact ? ['permit2'] : []),
      ]);
    },
  );

  it('watches what its signer has for gas', async () => {
    const log = logged();
    const seen: unknown[] = [];
    const end = world.moments.subscribe((moment) => seen.push(moment));
    const address = world.signer.address;
    const chains = await world.process();
    expect(seen).toEqual([{ type: 'gas_seen', chainId: CHAIN, balance: 10n ** 21n }]);
    await world.chain.client.setBalance({ address, value: 10n ** 16n });
    await chains.tend();
    await chains.tend();
    expect(log().match(/has money for the gas of about \d+ payments/g)).toHaveLength(1);

    await world.chain.client.setBalance({ address, value: 1n });
    await chains.tend();

    expect(chainOf(chains)).toEqual(away);
    expect(log()).toContain(`the signer, ${address}, has no money for gas`);
    end();
  });
});
