import { formatDecimal, parseDecimal } from '../../base/money/decimal.js';
import { UsageError } from './command.js';

/** Decimal places of USDC: amounts are kept as whole numbers of the smallest unit. */
const SCALE = 6;

/** `12.5` USD as atomic USDC. @throws UsageError for a value that is not an amount, or is finer than a millionth */
export function atomicOf(usd: string, option: string): bigint {
  try {
    const { unscaled, scale } = parseDecimal(usd);
    const atomic = unscaled * 10n ** BigInt(SCALE);
    const divisor = 10n ** BigInt(scale);
    if (atomic % divisor === 0n) return atomic / divisor;
  } catch {
    // The error is thrown below.
  }
  throw new UsageError(`${option} must be an amount in USD with at most ${SCALE} decimals, such as 12.50.`);
}

/** Atomic USDC as USD. */
export function usdOf(atomic: bigint): string {
  return formatDecimal({ unscaled: atomic, scale: SCALE });
}
