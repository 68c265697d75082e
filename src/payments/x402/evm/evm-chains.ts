import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { X402Config } from '../../../base/config.js';
import { GatewayError } from '../../../base/errors/gateway-error.js';
import type { Moments } from '../../../base/moments/moments.js';
import { LivesIn, Recurs, type Worker } from '../../../base/work/worker.js';
import { PaymentChains, type PaymentChain } from '../facilitator.js';
import type { TransactionJournal } from '../transaction-journal.js';
import type { OpenChain } from './open-chain.js';

const EVERY_MS = 10_000;
/** How long the process waits for its chains before it listens. */
const START_MS = 5_000;

interface State {
  readonly chainId: number;
  readonly open: OpenChain;
  /** Set while it takes payments. */
  ready: PaymentChain | undefined;
  /** What the log has last. */
  problem: string | undefined;
}

/** Looks after the chains. One that is away, or is not what the configuration says, takes no payments until it is. */
@LivesIn('upkeep')
export class EvmChains extends PaymentChains implements Worker {
  private readonly logger = new Logger('X402');
  private states: readonly State[] = [];
  private checking: Promise<void> | undefined;

  /** @param x402 undefined: there are no chains, and nothing of the chains' libraries is loaded */
  constructor(
    private readonly x402: X402Config | undefined,
    private readonly journal: TransactionJournal,
    private readonly moments: Moments,
  ) {
    super();
  }

  get areConfigured(): boolean {
    return this.x402 !== undefined;
  }

  async start(): Promise<void> {
    if (!this.x402) return;
    const { x402, journal } = this;
    const { openChain } = await import('./open-chain.js');
    this.states = x402.chains.map((chain) => ({
      chainId: chain.chainId,
      open: openChain(x402, chain, journal),
      ready: undefined,
      problem: undefined,
    }));
    await Promise.race([this.tend(), delay(START_MS, undefined, { ref: false })]);
  }

  @Recurs({ name: 'a look at the chains of payments', every: EVERY_MS, phase: 'upkeep' })
  async tend(): Promise<void> {
    this.checking ??= Promise.all(this.states.map((state) => this.tendOne(state)))
      .then(() => undefined)
      .finally(() => (this.checking = undefined));
    await this.checking;
  }

  chain(chainId: number): PaymentChain {
    const state = this.states.find((other) => other.chainId === chainId);
    if (!state)
      throw new GatewayError('chain_not_supported', 'No payments are taken on this chain.', {
        param: 'x-chain-id',
      });
    if (state.ready) return state.ready;
    throw new GatewayError('service_unavailable', 'This chain takes no payments at the moment.', {
      retryAfterSeconds: EVERY_MS / 1000,
    });
  }

  ready(): readonly PaymentChain[] {
    return this.states.flatMap(({ ready }) => ready ?? []);
  }

  private async tendOne(state: State): Promise<void> {
    const { problemOf } = await import('./open-chain.js');
    const { chainId, open } = state;
    try {
      const checked = state.ready ? undefined : await open.check();
      const balance = await open.mover.tend();
      if (balance !== undefined) this.moments.publish({ type: 'gas_seen', chainId, balance });
      if (!checked) return;
      state.ready = checked.chain;
      state.problem = undefined;
      this.logger.log(`chain ${chainId} takes payments`);
      for (const [scheme, missing] of Object.entries(checked.missing))
        if (missing.length > 0)
          this.logger.warn(`chain ${chainId} takes no ${scheme} payments by Permit2: ${missing.join(', ')}`);
      if (checked.chain.payTo === checked.chain.facilitatorAddress)
        this.logger.warn(
          `chain ${chainId} pays ${checked.chain.payTo}, the signer, which pays gas and refunds from it`,
        );
    } catch (failure) {
      state.ready = undefined;
      const problem = problemOf(failure);
      if (problem !== state.problem) this.logger.error(`chain ${chainId} takes no payments: ${problem}`);
      state.problem = problem;
    }
  }
}
