import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { startLocalChain, type LocalChain, type Wallet } from '../../../scripts/local-chain/local-chain.js';
import { expectChainAgrees, hurryPayments } from '../../support/chain-agrees.js';
import type { GatewayProcess } from '../../support/gateway-process.js';
import { GatewayProcesses } from '../../support/gateway-processes.js';
import { holdReceipts, MOVED_WITHOUT_RECEIPT } from '../../support/held-receipts.js';
import { openHolds } from '../../support/ledger-state.js';
import { startNodeProxy, type Fate, type NodeProxy } from '../../support/node-proxy.js';
import { describeOnLocalChain } from '../../support/on-local-chain.js';
import { completion, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { Buyer, chatRequest, paymentOf, requiredBy, shopFile } from '../../support/shop.js';
import { until } from '../../support/until.js';

const DEATHS = Number(process.env['X402_DEATHS'] ?? 3);
const BUYERS = 10;
/** Longer than a test: a payment that was not claimed before the process died is good afterwards. */
const SIGNED_FOR_SECONDS = 3_600;
const KINDS = [0, 1, 2, 3];
/** What a signature that was sent before may get in the end; never a 402. */
const FAIR = [200, 409, 500, 502, 503, 504];
const WAITING = `FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;

describeOnLocalChain('a process that is killed while wallets pay', () => {
  const processes = GatewayProcesses.forEachTest({ LEASE_MS: '9000', X402_SETTLE_MS: '2000' });
  let chain: LocalChain;
  let upstream: ScriptedUpstream;
  let node: NodeProxy;
  let signer: Wallet;
  let seller: Wallet;

  beforeAll(async () => {
    [chain, upstream] = await Promise.all([startLocalChain(), startScriptedUpstream()]);
    node = await startNodeProxy(chain.rpcUrl);
  });
  beforeEach(async () => {
    upstream.reset();
    node.rule(() => 'passed');
    // A signer's next nonce is in the database, which each test has of its own.
    [signer, seller] = [await chain.wallet(), await chain.wallet()];
  });
  afterAll(async () => {
    await Promise.all([upstream.close(), node.stop()]);
    await chain.stop();
  });

  /** Until it sells: its first look at the chain may take longer than its start waits for. */
  async function start(environment: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
    const at = { chainId: chain.chainId, rpcUrl: node.url };
    const file = shopFile(upstream.url, at, { seller: seller.address, signer });
    const gateway = await processes.start({ file, environment });
    await until(async () => (await send(gateway, chatRequest())).status === 402);
    return gateway;
  }
  /** One that is to be killed, and does not end calls by itself before, because it could not renew its lease. */
  const startDoomed = (): Promise<GatewayProcess> => start({ LEASE_MS: '60000' });

  /** A call and the one payment for it. */
  interface Order {
    readonly buyer: Buyer;
    readonly request: RequestInit;
    readonly header: string;
  }

  /** Of four kinds in turn: whole and streamed, `exact` and `upto`. */
  async function order(gateway: GatewayProcess, index: number): Promise<Order> {
    const buyer = await Buyer.with(chain, 1_000_000n, [index % 2 === 0 ? 'exact' : 'upto']);
    const messages = [{ role: 'user', content: `Say ${index} again.` }];
    const request = chatRequest({ max_tokens: 100, stream: index % 4 > 1, messages });
    const required = requiredBy(await send(gateway, request));
    return { buyer, request, header: await buyer.sign(required, SIGNED_FOR_SECONDS) };
  }

  const orders = (gateway: GatewayProcess, indexes: readonly number[]): Promise<Order[]> =>
    Promise.all(indexes.map((index) => order(gateway, index)));

  function send(gateway: GatewayProcess, request: RequestInit, header?: string): Promise<Response> {
    const payment = header === undefined ? {} : { 'payment-signature': header };
    const headers = { ...(request.headers as object), ...payment };
    return fetch(`${gateway.url}/v1/chat/completions`, { ...request, headers });
  }

  /** Until the answer, or the death of who was to give it. */
  async function pay(gateway: GatewayProcess, { request, header }: Order): Promise<void> {
    await send(gateway, request, header)
      .then((response) => response.text())
      .catch(() => undefined);
  }

  /** Sends the same payments again until it is known what became of them. All agree then, and nobody was asked for more. */
  async function expectConsistent(gateway: GatewayProcess, paid: readonly Order[]): Promise<void> {
    await until(async () => (await openHolds(processes.pool)).length === 0);
    for (const { request, header } of paid)
      await until(async () => {
        await hurryPayments(processes.pool);
        const response = await send(gateway, request, header);
        // By its reason, which tells more than the status.
        if (response.status === 402) expect(requiredBy(response).error).toBe('never asked for again');
        expect(FAIR).toContain(response.status);
        const text = await response.text();
        return !['idempotency_in_flight', 'service_unavailable'].some((code) => text.includes(`"${code}"`));
      });
    await until(() => hurryPayments(processes.pool));
    await expectChainAgrees(processes.pool, chain, seller.address);
    const payers = (await chain.transfersTo(seller.address)).map(({ from }) => from);
    expect(payers.sort()).toEqual(paid.map(({ buyer }) => buyer.wallet.address).sort());
  }

  type GoOn = () => Promise<void>;
  interface Moment {
    /** Keeps the calls from going on beyond it; the upstream answers then. @returns what ends that */
    readonly stop: () => GoOn | undefined | Promise<GoOn>;
    /** Whether all of so many calls have come to it. */
    readonly reached: (calls: number) => Promise<boolean>;
  }

  const nodeRule = (fateOf: (method: string) => Fate) => (): undefined => {
    node.rule(fateOf);
  };
  const at = (method: string, fate: Fate) => nodeRule((called) => (called === method ? fate : 'passed'));
  const count = async (from: string): Promise<number> =>
    (await processes.pool.query(`SELECT ${from}`)).rowCount ?? 0;
  const haveMoved = async (calls: number): Promise<boolean> =>
    (await chain.transfersTo(seller.address)).length === calls;

  const MOMENTS: Readonly<Record<string, Moment>> = {
    'after the run, before the books': {
      async stop() {
        const client = await processes.pool.connect();
        await client.query('BEGIN');
        await client.query('SELECT FROM api_keys FOR UPDATE');
        return async () => {
          // Else the database would go on with what the dead process has asked for.
          await processes.pool.query(`SELECT pg_terminate_backend(pid) ${WAITING}`);
          await client.query('ROLLBACK');
          client.release();
        };
      },
      reached: async () => (await count(WAITING)) > 0,
    },
    'after the books, before the journal': {
      stop: nodeRule((method) => (method === 'eth_chainId' ? 'passed' : 'hanging')),
      reached: async (calls) => (await count(`FROM x402_payments WHERE state = 'due'`)) === calls,
    },
    'after the journal, before the broadcast': {
      stop: at('eth_sendRawTransaction', 'hanging'),
      reached: async (calls) => (await count('FROM chain_transactions')) === calls,
    },
    'after the broadcast, of which it does not hear': {
      stop: at('eth_sendRawTransaction', 'answerLost'),
      reached: haveMoved,
    },
    'after the transfer, before it is known': {
      stop: at('eth_getTransactionReceipt', 'hanging'),
      reached: haveMoved,
    },
    'after the books of the transfer, before the receipt': {
      async stop() {
        const letGo = await holdReceipts(processes.pool);
        return async () => {
          await processes.pool.query(`SELECT pg_terminate_backend(pid) ${WAITING}`);
          await letGo();
        };
      },
      reached: async () => (await count(MOVED_WITHOUT_RECEIPT)) > 0,
    },
  };

  it.each(Object.entries(MOMENTS))('%s', async (_name, { stop, reached }) => {
    const gateway = await startDoomed();
    const paid = await orders(gateway, KINDS);
    let stopped = undefined as Promise<GoOn | undefined> | undefined;
    upstream.always(async (exchange) => {
      await until(() => upstream.requests.length === KINDS.length);
      await (stopped ??= Promise.resolve(stop()));
      completion('Hello!')(exchange);
    });
    const asked = paid.map((one) => pay(gateway, one));
    await until(async () => upstream.requests.length === KINDS.length && (await reached(KINDS.length)));
    await processes.kill(gateway);
    await Promise.all(asked);
    await (
      await stopped
    )?.();
    node.rule(() => 'passed');
    await expectConsistent(await start(), paid);
  });

  it('after the claim, while the calls run', async () => {
    const gateway = await startDoomed();
    const paid = await orders(gateway, KINDS);
    upstream.always(() => undefined);
    const asked = paid.map((one) => pay(gateway, one));
    await until(() => upstream.requests.length === KINDS.length);
    await processes.kill(gateway);
    await Promise.all(asked);
    await expectConsistent(await start(), paid);
    expect(upstream.requests).toHaveLength(KINDS.length);
  });

  it('between the challenge and the payment', async () => {
    const gateway = await start();
    const signed = await orders(gateway, KINDS);
    await processes.kill(gateway);
    const next = await start({ X402_SETTLE_MS: '30000' });
    for (const { request, header } of signed) {
      const response = await send(next, request, header);
      expect([response.status, paymentOf(response)?.success ?? true]).toEqual([200, true]);
      expect(await response.text()).toContain('"settled"');
    }
    await expectConsistent(next, signed);
  });

  it(`at ${DEATHS} random moments, with ${BUYERS} buyers at once`, async () => {
    const all: Order[] = [];
    let gateway = await start();
    for (let death = 0; death < DEATHS; death += 1) {
      const indexes = Array.from({ length: BUYERS }, (_, index) => death * BUYERS + index);
      const signed = await orders(gateway, indexes);
      const asked = signed.map((one) => pay(gateway, one));
      await delay(Math.random() * 1_000);
      await processes.kill(gateway);
      await Promise.all(asked);
      all.push(...signed);
      gateway = await start();
    }
    await expectConsistent(gateway, all);
    console.info(`${DEATHS} deaths, ${all.length} purchases, as many transfers`);
  }, 1_200_000);
});
