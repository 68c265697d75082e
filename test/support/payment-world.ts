import { randomUUID } from 'node:crypto';
import type { PaymentRequirements } from '@x402/core/types';
import { ExactEvmScheme } from '@x402/evm/exact/client';
import { UptoEvmScheme } from '@x402/evm/upto/client';
import { privateKeyToAccount } from 'viem/accounts';
import {
  CONTRACTS,
  startLocalChain,
  type Hex,
  type LocalChain,
  type Wallet,
} from '../../scripts/local-chain/local-chain.js';
import type { X402Config } from '../../src/base/config.js';
import type { JsonObject } from '../../src/base/json.js';
import { Moments } from '../../src/base/moments/moments.js';
import { EvmChains } from '../../src/payments/x402/evm/evm-chains.js';
import type { PaymentChain } from '../../src/payments/x402/facilitator.js';
import type { SignedPayment } from '../../src/payments/x402/payment.js';
import type { JournaledTransaction } from '../../src/payments/x402/transaction-journal.js';
import { Database } from '../../src/storage/database.js';
import { PostgresTransactionJournal } from '../../src/storage/x402/postgres-transaction-journal.js';
import { startNodeProxy, type NodeProxy } from './node-proxy.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';

const FUNDS = 1_000_000n;

export type Kind = 'eip3009' | 'permit2' | 'upto';

export interface SigningOptions {
  readonly amount?: bigint;
  readonly seconds?: number;
  readonly payTo?: string;
  readonly from?: Wallet;
}

/** A chain with a payer who has money, and the gateway's side of it. */
export class PaymentWorld {
  readonly journal: PostgresTransactionJournal;
  readonly moments = new Moments();
  private readonly database: Database;

  private constructor(
    readonly chain: LocalChain,
    readonly node: NodeProxy,
    readonly payer: Wallet,
    readonly payTo: Hex,
    readonly signer: Wallet,
    private readonly test: TestDatabase,
  ) {
    this.database = new Database(test.url);
    this.journal = new PostgresTransactionJournal(this.database);
  }

  static async start(): Promise<PaymentWorld> {
    const chain = await startLocalChain();
    const node = await startNodeProxy(chain.rpcUrl);
    const [payer, { address }, signer] = [await chain.wallet(), await chain.wallet(), await chain.wallet()];
    const world = new PaymentWorld(chain, node, payer, address, signer, await createTestDatabase());
    await chain.mint(payer.address, FUNDS);
    await chain.approvePermit2(payer.privateKey);
    return world;
  }

  async stop(): Promise<void> {
    await this.node.stop();
    await this.chain.stop();
    await this.database.close();
    await this.test.drop();
  }

  config(changes: Partial<X402Config> = {}, ofChain: Partial<X402Config['chains'][number]> = {}): X402Config {
    return {
      payTo: this.payTo,
      signerKey: this.signer.privateKey,
      facilitatorUrl: undefined,
      defaultMaxAmount: FUNDS,
      chains: [
        {
          chainId: this.chain.chainId,
          rpcUrl: this.node.url,
          asset: CONTRACTS.usdc,
          assetName: 'USD Coin',
          assetVersion: '2',
          confirmations: 1,
          permit2: CONTRACTS.permit2,
          exactProxy: CONTRACTS.exactProxy,
          uptoProxy: CONTRACTS.uptoProxy,
          ...ofChain,
        },
      ],
      settleMs: 5_000,
      repeatMs: 600_000,
      tokenMs: 3_600_000,
      ...changes,
    };
  }

  /** What a process has of its chains after its start. */
  async process(...changes: Parameters<PaymentWorld['config']>): Promise<EvmChains> {
    const chains = new EvmChains(this.config(...changes), this.journal, this.moments);
    await chains.start();
    return chains;
  }

  async open(...changes: Parameters<PaymentWorld['config']>): Promise<PaymentChain> {
    const chains = await this.process(...changes);
    // The first look may take longer than a start waits for; this one is the same then.
    if (chains.ready().length === 0) await chains.tend();
    return chains.chain(this.chain.chainId);
  }

  async sign(kind: Kind, facilitatorAddress: string, options: SigningOptions = {}): Promise<SignedPayment> {
    const { amount = 10_000n, seconds = 300, payTo = this.payTo, from = this.payer } = options;
    const scheme = kind === 'upto' ? 'upto' : 'exact';
    const accepted: PaymentRequirements = {
      scheme,
      network: `eip155:${this.chain.chainId}`,
      amount: amount.toString(),
      asset: CONTRACTS.usdc,
      payTo,
      maxTimeoutSeconds: seconds,
      extra: {
        name: 'USD Coin',
        version: '2',
        ...(kind === 'permit2' && { assetTransferMethod: 'permit2' }),
        ...(kind === 'upto' && { facilitatorAddress }),
      },
    };
    const account = privateKeyToAccount(from.privateKey);
    const client = scheme === 'exact' ? new ExactEvmScheme(account) : new UptoEvmScheme(account);
    const payload = { ...(await client.createPaymentPayload(2, accepted)), accepted };
    const { authorization, permit2Authorization } = payload.payload as Record<
      string,
      { nonce: string; validBefore: string; deadline: string }
    >;
    return {
      chainId: this.chain.chainId,
      scheme,
      method: kind === 'eip3009' ? 'eip3009' : 'permit2',
      payer: from.address.toLowerCase(),
      contract: (kind === 'eip3009' ? CONTRACTS.usdc : CONTRACTS.permit2).toLowerCase(),
      nonce: BigInt((authorization ?? permit2Authorization)!.nonce),
      asset: CONTRACTS.usdc.toLowerCase(),
      payTo: payTo.toLowerCase(),
      authorised: amount,
      validUntilMs: Number(authorization?.validBefore ?? permit2Authorization?.deadline) * 1000,
      payload: payload as unknown as JsonObject,
      requirements: accepted as unknown as JsonObject,
    };
  }

  /** A wallet with so much of the token, of which Permit2 may take everything. */
  async richWallet(amount: bigint): Promise<Wallet> {
    const wallet = await this.chain.wallet();
    await this.chain.mint(wallet.address, amount);
    await this.chain.approvePermit2(wallet.privateKey);
    return wallet;
  }

  /** The token's transfers to the recipient, oldest first. */
  async transfers(from?: Wallet): Promise<readonly { readonly hash: Hex; readonly value: bigint }[]> {
    const all = await this.chain.transfersTo(this.payTo);
    return all.filter((transfer) => !from || transfer.from === from.address);
  }

  /** What has reached the recipient, oldest first. */
  async received(from?: Wallet): Promise<readonly bigint[]> {
    return (await this.transfers(from)).map(({ value }) => value);
  }

  /** The signer's account nonces that were used, and how many payments have used each. */
  async nonces(): Promise<readonly { readonly nonce: number; readonly payments: number }[]> {
    const { rows } = await this.test.pool.query<{ nonce: number; payments: number }>(
      `SELECT nonce::int, count(DISTINCT payment_id)::int AS payments FROM chain_transactions
       GROUP BY nonce ORDER BY nonce`,
    );
    return rows;
  }

  sent(paymentId: string): Promise<readonly JournaledTransaction[]> {
    return this.journal.of(paymentId, 'settlement');
  }

  paymentId(): string {
    return `pay_${randomUUID()}`;
  }
}
