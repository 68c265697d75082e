import { type LineItem, type Receipt } from './receipt.js';

/** The receipt in bodies: the same object with snake_case names. JSON leaves absent fields out. */
export function receiptInBody(receipt: Receipt): Readonly<Record<string, unknown>> {
  return {
    id: receipt.id,
    type: receipt.type,
    final_amount_wei: receipt.finalAmountWei,
    provider_amount_wei: receipt.providerAmountWei,
    platform_fee_wei: receipt.platformFeeWei,
    cache_saved_wei: receipt.cacheSavedWei,
    network: receipt.network,
    meter_subject: receipt.meterSubject,
    line_items: receipt.lineItems.map(lineItemInBody),
    response_id: receipt.responseId,
    request_id: receipt.requestId,
    account: receipt.account,
    settled_at: receipt.settledAt,
    settlement_status: receipt.settlementStatus,
    tx_hash: receipt.txHash,
    signature: receipt.signature,
  } satisfies Record<SnakeCase<keyof Receipt>, unknown>;
}

function lineItemInBody(item: LineItem): Readonly<Record<string, unknown>> {
  return {
    key: item.key,
    unit: item.unit,
    quantity: item.quantity,
    unit_price_usd: item.unitPriceUsd,
    amount_wei: item.amountWei,
    saved_wei: item.savedWei,
    estimated: item.estimated,
  } satisfies Record<SnakeCase<keyof LineItem>, unknown>;
}

/** Makes the compiler report a field of the receipt that is missing here. */
type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : Name;
