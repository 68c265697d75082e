import { GatewayError } from '../base/errors/gateway-error.js';

/** The chains that a receipt may name. */
export class Networks {
  constructor(private readonly chainIds: readonly number[]) {}

  /** Reads the `x-chain-id` header. @throws GatewayError `chain_not_supported` for anything not configured. */
  chainIdOf(header: string | undefined): number | undefined {
    if (header === undefined) return undefined;
    const chainId = /^\d{1,9}$/.test(header) ? Number(header) : undefined;
    if (chainId === undefined) throw this.unsupported('x-chain-id');
    return this.require(chainId, 'x-chain-id');
  }

  require(chainId: number, param: string): number {
    if (!this.chainIds.includes(chainId)) throw this.unsupported(param);
    return chainId;
  }

  private unsupported(param: string): GatewayError {
    const known = this.chainIds.join(', ');
    return new GatewayError(
      'chain_not_supported',
      `This chain is not configured here. Configured: ${known}.`,
      {
        param,
      },
    );
  }
}
