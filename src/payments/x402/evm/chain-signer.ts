import {
  decodeFunctionResult,
  encodeFunctionData,
  getContractError,
  concat,
  type Abi,
  type Address,
  type BaseError,
  type Hex,
} from 'viem';
import { isRevert, type Rpc } from './rpc.js';
import { MOST_GAS, type ContractCall } from './sender.js';

interface Call {
  readonly address: Address;
  readonly abi: readonly unknown[];
  readonly functionName: string;
  readonly args?: readonly unknown[];
}

/** Sends a call that the chain would take. */
export type Send = (call: ContractCall, gas: bigint) => Promise<{ readonly hash: string }>;

/**
 * What a scheme of the protocol's library needs of the chain, for one verification or one settlement. The library takes
 * every failure of a call for a refusal by the chain; `failure` tells that something else has failed, so that its
 * answer means nothing.
 */
export class ChainSigner {
  failure: Error | undefined;

  private readonly codes = new Map<Address, Promise<Hex | undefined>>();

  constructor(
    private readonly rpc: Rpc,
    private readonly address: Address,
    private readonly send?: Send,
  ) {}

  getAddresses(): readonly [Address] {
    return [this.address];
  }

  async readContract({ address, abi, functionName, args }: Call): Promise<unknown> {
    // Before it settles, the library tries the most that was signed; the estimate of gas tries the real amount.
    if (this.send && functionName === 'settle') return undefined;
    const named = { abi: abi as Abi, functionName, args };
    const data = encodeFunctionData(named);
    const { data: answer = '0x' } = await this.asking(() =>
      // A contract may bind its caller, so it is asked in the name of the signer.
      this.rpc.call({ account: this.address, to: address, data, gas: MOST_GAS }),
    );
    return decodeFunctionResult({ ...named, data: answer });
  }

  /** The library verifies signatures by itself. */
  verifyTypedData(): Promise<boolean> {
    return Promise.reject(new Error('not used'));
  }

  /**
   * Asks once, although the library asks several times. Never rejects: the library may give up before it looks. Then a
   * rejection would end the process.
   */
  getCode({ address }: { readonly address: Address }): Promise<Hex | undefined> {
    const code =
      this.codes.get(address) ?? this.asking(() => this.rpc.getCode({ address })).catch(() => undefined);
    this.codes.set(address, code);
    return code;
  }

  async writeContract(call: Call & { readonly dataSuffix?: Hex }): Promise<Hex> {
    const { send } = this;
    if (!send) throw new Error('nothing is sent while a payment is verified');
    const { address: to, functionName, args, dataSuffix = '0x' } = call;
    const abi = call.abi as Abi;
    const data = concat([encodeFunctionData({ abi, functionName, args }), dataSuffix]);
    const gas = await this.asking(() => this.rpc.estimateGas({ account: this.address, to, data })).catch(
      (thrown: unknown) => {
        // The library knows refusals by the names of the contract's errors.
        throw isRevert(thrown)
          ? getContractError(thrown as BaseError, { abi, address: to, args: args ?? [], functionName })
          : thrown;
      },
    );
    if (gas > MOST_GAS) throw new Error(`it takes ${gas} gas`);
    const { hash } = await this.asking(() => send({ to, data }, gas));
    return hash as Hex;
  }

  /** Needed for wallets that are not deployed yet, which cannot pay here. */
  sendTransaction(): Promise<Hex> {
    return Promise.reject(new Error('not used'));
  }

  /** Whoever has asked for the settlement waits for the chain, for as long as it may take. */
  waitForTransactionReceipt(): Promise<never> {
    return Promise.reject(new Error('not awaited here'));
  }

  private async asking<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (thrown) {
      if (!isRevert(thrown)) this.failure = thrown instanceof Error ? thrown : new Error(String(thrown));
      throw thrown;
    }
  }
}
