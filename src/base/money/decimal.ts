/** An exact non-negative decimal: `unscaled / 10^scale`. Prices are decimals, amounts of money are `bigint`. */
export interface Decimal {
  readonly unscaled: bigint;
  readonly scale: number;
}

const DECIMAL = /^(\d+)(?:\.(\d+))?(?:e([+-]?\d{1,2}))?$/i;

/** Reads `1.25`, `10` or `1e-7`. @throws RangeError for text that is not a non-negative decimal */
export function parseDecimal(text: string): Decimal {
  const match = DECIMAL.exec(text);
  if (!match) throw new RangeError(`"${text}" is not a non-negative decimal number`);
  const [, whole = '', fraction = '', exponent = '0'] = match;
  const scale = fraction.length - Number(exponent);
  const digits = BigInt(whole + fraction);
  return scale >= 0 ? { unscaled: digits, scale } : { unscaled: digits * 10n ** BigInt(-scale), scale: 0 };
}

export function formatDecimal({ unscaled, scale }: Decimal): string {
  const digits = unscaled.toString().padStart(scale + 1, '0');
  const fraction = scale === 0 ? '' : digits.slice(-scale).replace(/0+$/, '');
  const whole = scale === 0 ? digits : digits.slice(0, -scale);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

export function maxDecimal(first: Decimal, ...others: readonly Decimal[]): Decimal {
  return others.reduce((dearest, other) => (compareDecimal(other, dearest) > 0 ? other : dearest), first);
}

export function addDecimal(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  const [left, right] = [a, b].map(({ unscaled, scale: own }) => unscaled * 10n ** BigInt(scale - own));
  return { unscaled: (left ?? 0n) + (right ?? 0n), scale };
}

function compareDecimal(a: Decimal, b: Decimal): number {
  const left = a.unscaled * 10n ** BigInt(b.scale);
  const right = b.unscaled * 10n ** BigInt(a.scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** `ceil(quantity × price × multiplier)`, exactly. */
export function multiplyCeil(quantity: bigint, price: Decimal, multiplier = 1n): bigint {
  const divisor = 10n ** BigInt(price.scale);
  return (quantity * price.unscaled * multiplier + divisor - 1n) / divisor;
}
