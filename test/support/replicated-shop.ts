import { startLocalChain, type Hex, type LocalChain } from '../../scripts/local-chain/local-chain.js';
import { expectChainAgrees } from './chain-agrees.js';
import { startNodeProxy, type NodeProxy } from './node-proxy.js';
import { ReplicaPair } from './replica-pair.js';
import { startScriptedFacilitator, type ScriptedFacilitator } from './scripted-facilitator.js';
import { startScriptedUpstream, type ScriptedUpstream } from './scripted-upstream.js';
import { shopFile, type Buyer } from './shop.js';

/** Two replicas that sell calls on a chain of their own, with payments moved by a service, which is scripted. */
export class ReplicatedShop {
  private constructor(
    readonly chain: LocalChain,
    /** Between the replicas and the chain's node. */
    readonly node: NodeProxy,
    readonly upstream: ScriptedUpstream,
    /** Not in use unless it was asked for. */
    readonly service: ScriptedFacilitator,
    readonly pair: ReplicaPair,
    readonly seller: Hex,
  ) {}

  /** @param remote whether the service moves payments instead of the gateway's own signer */
  static async start(
    remote: boolean,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<ReplicatedShop> {
    const [chain, upstream] = await Promise.all([startLocalChain(), startScriptedUpstream()]);
    const [signer, { address: seller }] = [await chain.wallet(), await chain.wallet()];
    const node = await startNodeProxy(chain.rpcUrl);
    const service = await startScriptedFacilitator(chain, signer);
    const x402 = remote ? { facilitator: service.url, signer_key: undefined } : {};
    const at = { chainId: chain.chainId, rpcUrl: node.url };
    const file = shopFile(upstream.url, at, { seller, signer, x402 });
    const pair = await ReplicaPair.start(file, environment);
    return new ReplicatedShop(chain, node, upstream, service, pair, seller);
  }

  /** Where chat calls go, at the replicas in turn. */
  chatUrl(turn: number): string {
    return `${this.pair.replicas[turn % 2]!.url}/v1/chat/completions`;
  }

  /** What has reached the seller from a wallet, by the chain's own count. */
  async receivedFrom({ wallet }: Buyer): Promise<readonly bigint[]> {
    const all = await this.chain.transfersTo(this.seller);
    return all.filter(({ from }) => from === wallet.address).map(({ value }) => value);
  }

  /** Ends all. The chain must agree with the books, and those with themselves. */
  async close(): Promise<void> {
    this.node.rule(() => 'passed');
    this.service.manner = 'plain';
    try {
      await this.pair.idle();
      await expectChainAgrees(this.pair.database.pool, this.chain, this.seller);
    } finally {
      await this.pair.close();
      await Promise.all([this.upstream.close(), this.node.stop(), this.service.stop()]);
      await this.chain.stop();
    }
  }
}
