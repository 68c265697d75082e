import type { LineItem, Receipt } from './receipt.js';

/**
 * The canonical text of a JSON value (RFC 8785): no blanks, names of an object ordered by UTF-16 code units, numbers
 * and strings as ECMAScript writes them. Undefined fields are left out.
 */
export function canonicalJson(value: unknown): string {
  const pieces: string[] = [];
  writeCanonicalJson(value, (piece) => pieces.push(piece));
  return pieces.join('');
}

/** Writes `canonicalJson` in pieces, because joining text at every level would copy it once for each level. */
export function writeCanonicalJson(value: unknown, write: (piece: string) => void): void {
  if (Number.isFinite(value)) return write(String(value));
  if (typeof value !== 'object' || value === null) return write(JSON.stringify(value));
  if (Array.isArray(value)) {
    value.forEach((item: unknown, index) => {
      write(index === 0 ? '[' : ',');
      writeCanonicalJson(item, write);
    });
    return write(value.length === 0 ? '[]' : ']');
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const names = Object.keys(fields).filter((name) => fields[name] !== undefined);
  names.sort().forEach((name, index) => {
    write(`${index === 0 ? '{' : ','}${JSON.stringify(name)}:`);
    writeCanonicalJson(fields[name], write);
  });
  write(names.length === 0 ? '{}' : '}');
}

/**
 * The text that is signed: the camelCase receipt without its signature. The fields are listed in canonical order, since
 * sorting them costs ten times as much, and every charge is signed.
 */
export function signedText(receipt: Receipt): string {
  return JSON.stringify({
    account: receipt.account,
    cacheSavedWei: receipt.cacheSavedWei,
    finalAmountWei: receipt.finalAmountWei,
    id: receipt.id,
    lineItems: receipt.lineItems.map(signedLine),
    meterSubject: receipt.meterSubject,
    network: receipt.network,
    platformFeeWei: receipt.platformFeeWei,
    providerAmountWei: receipt.providerAmountWei,
    requestId: receipt.requestId,
    responseId: receipt.responseId,
    settledAt: receipt.settledAt,
    settlementStatus: receipt.settlementStatus,
    txHash: receipt.txHash,
    type: receipt.type,
  } satisfies Record<Exclude<keyof Receipt, 'signature'>, unknown>);
}

function signedLine({
  amountWei,
  estimated,
  key,
  quantity,
  savedWei,
  unit,
  unitPriceUsd,
}: LineItem): Record<keyof LineItem, unknown> {
  return { amountWei, estimated, key, quantity, savedWei, unit, unitPriceUsd };
}
