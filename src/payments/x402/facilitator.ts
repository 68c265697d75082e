import type { Movement, SignedPayment } from './payment.js';

export type Verification =
  /** What the wallet can pay now, atomic units: its balance, for Permit2 bounded by its allowance. */
  | { readonly isValid: true; readonly available: bigint }
  /** `reason` is the protocol's code. */
  | { readonly isValid: false; readonly reason: string };

/**
 * Verifies and moves payments on one chain, by itself or through a service. @throws GatewayError
 * `service_unavailable` where no answer is to be had; nothing has been moved then.
 */
export abstract class Facilitator {
  abstract verify(payment: SignedPayment): Promise<Verification>;
  /**
   * Moves the amount and waits for the chain, for a bounded time. Safe to repeat, in several processes at once: the
   * chain lets a nonce be used once. Never throws for an outcome that is not known.
   * @param paymentId by which its transactions are journaled
   * @param isUntried none of them is, as the books have just said
   */
  abstract move(
    paymentId: string,
    payment: SignedPayment,
    amount: bigint,
    isUntried?: boolean,
  ): Promise<Movement>;
  /** Looks up what became of earlier attempts. `unused`: nothing has been moved, and the nonce is still good. */
  abstract find(
    paymentId: string,
    payment: SignedPayment,
    amount: bigint,
  ): Promise<Movement | { readonly outcome: 'unused' }>;
}

/** A chain that takes payments, as requirements describe it. */
export interface PaymentChain {
  readonly chainId: number;
  /** CAIP-2, such as `eip155:43113`. */
  readonly network: string;
  readonly payTo: string;
  readonly asset: string;
  /** The token's EIP-712 domain. */
  readonly assetName: string;
  readonly assetVersion: string;
  /** Whose transactions move the payments; part of what `upto` payments sign. */
  readonly facilitatorAddress: string;
  /** The Permit2 contract, and the proxies through which the schemes use it. */
  readonly permit2: string;
  readonly exactProxy: string;
  readonly uptoProxy: string;
  /** Whether the contracts that `exact` by Permit2 needs are there. */
  readonly hasPermit2Exact: boolean;
  /** The same for `upto`. */
  readonly hasUpto: boolean;
  readonly facilitator: Facilitator;
}

/** The configured chains. */
export abstract class PaymentChains {
  /** False: wallets cannot pay here. */
  abstract readonly areConfigured: boolean;
  /** @throws GatewayError `chain_not_supported`; `service_unavailable` while the chain is away or fails its checks */
  abstract chain(chainId: number): PaymentChain;
  /** Those that take payments now. */
  abstract ready(): readonly PaymentChain[];
}
