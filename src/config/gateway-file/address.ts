import { createRequire } from 'node:module';
import type * as ViemUtils from 'viem/utils';
import type { TextRule } from './section.js';

const require = createRequire(import.meta.url);

/** An address on an EVM chain, whose capitals are a checksum if it has some (ERC-55): a typing error costs money. */
export const ADDRESS: TextRule = {
  test: (address) =>
    /^0x[0-9a-fA-F]{40}$/.test(address) && (address === address.toLowerCase() || hasChecksum(address)),
  words: 'an address: 0x and 40 hexadecimal digits, with the right capitals or none',
};

/** viem is loaded here, since it takes a quarter of a second, and most configurations have no address. */
function hasChecksum(address: string): boolean {
  const { isAddress } = require('viem/utils') as typeof ViemUtils;
  return isAddress(address);
}
