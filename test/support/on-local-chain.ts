import { describe } from '@jest/globals';
import { isAvailable } from '../../scripts/local-chain/local-chain.js';

/** Tests that need a chain: skipped, with the reason in their name, where there is none. */
export function describeOnLocalChain(name: string, tests: () => void): void {
  if (isAvailable) describe(name, tests);
  else
    describe.skip(`${name} (skipped: anvil is not available for ${process.platform} ${process.arch})`, tests);
}
