import type { LineItem } from './receipt.js';

/** A line of a receipt without the names of its fields, which are half of its text. */
export type StoredLine = readonly [
  key: string,
  unit: string,
  quantity: number,
  unitPriceUsd: string,
  amountWei: string,
  /** Null only where a field follows. */
  estimated?: true | null,
  savedWei?: string,
];

/** @returns JSON, which `fromStoredLine` reads line by line */
export function storedLines(lines: readonly LineItem[]): string {
  return JSON.stringify(lines.map(toStoredLine));
}

function toStoredLine(line: LineItem): StoredLine {
  const { key, unit, quantity, unitPriceUsd, amountWei, estimated, savedWei } = line;
  const required = [key, unit, quantity, unitPriceUsd, amountWei] as const;
  if (savedWei !== undefined) return [...required, estimated ?? null, savedWei];
  return estimated ? [...required, estimated] : required;
}

/** The fields come in the order in which receipts show them. */
export function fromStoredLine([
  key,
  unit,
  quantity,
  unitPriceUsd,
  amountWei,
  estimated,
  savedWei,
]: StoredLine): LineItem {
  return {
    key,
    unit,
    quantity,
    unitPriceUsd,
    amountWei,
    ...(savedWei !== undefined && { savedWei }),
    ...(estimated && { estimated }),
  };
}
