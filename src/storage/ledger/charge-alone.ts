import { proofOf } from '../../base/money/receipt-proof.js';
import { storedLines } from '../../base/money/stored-lines.js';
import type { SignedSettlement } from '../../payments/ledger.js';
import { PATIENTLY } from '../lock-wait.js';
import type { Columns } from '../records/record-columns.js';

/**
 * `charge_holds` for the usual call that comes alone: its key pays the whole price, which its hold covers. For three
 * fifths of what the function costs. Whoever gets no row, since the hold has ended, asks the function, which says how.
 * The row of the key is locked before the hold is, as everywhere.
 */
export const CHARGING_ALONE: readonly string[] = [
  `payer AS MATERIALIZED (
  SELECT a.id FROM api_keys a
  WHERE ${PATIENTLY} AND a.id = $keyId::text AND a.wallet IS NULL FOR UPDATE)`,
  `spent AS (
  DELETE FROM holds h USING payer WHERE h.id = $holdId::text AND h.amount >= $price::bigint
  RETURNING h.amount, h.terms -> 'agent' AS agent)`,
  `paid AS (
  UPDATE api_keys a
  SET budget_spent = a.budget_spent + $price, budget_held = a.budget_held - s.amount, open_holds = a.open_holds - 1
  FROM spent s WHERE a.id = $keyId RETURNING a.id, s.agent)`,
  `receipt AS (
  INSERT INTO receipts (id, hold_id, key_id, account_id, request_id, response_id, idempotency_key, network,
    meter_subject, provider_amount, platform_fee, final_amount, line_items, lines, estimated, proof, settled_at,
    session_id, agent_id, parent_agent_id)
  SELECT $receiptId::text, $holdId, $keyId, $accountId::text, $requestId::text, $responseId::text,
    $idempotencyKey::text, $network::text, $meterSubject::text, $providerAmount::bigint, $platformFee::bigint, $price,
    '[]', $linesOfReceipt::json, $isEstimated::boolean, $proof::bytea, $moment::timestamptz,
    paid.agent ->> 'sessionId', paid.agent ->> 'id', paid.agent ->> 'parentId'
  FROM paid)`,
  `entries AS (
  INSERT INTO charge_entries (receipt_id, account_id, key_id, provider, paid, provider_amount, platform_fee, difference)
  SELECT $receiptId, $accountId, $keyId, $provider::text, $price, $providerAmount, $platformFee, 0 FROM paid)`,
];

/** After `CHARGING_ALONE`, what `charge_holds` answers. */
export const CHARGED_ALONE = `SELECT 1 AS ordinal, 'settled' AS outcome, $price AS final_amount, 0::bigint AS overrun FROM paid`;

export function chargeAloneValues(settlement: SignedSettlement): Columns {
  const { charge } = settlement;
  return {
    keyId: settlement.keyId,
    holdId: settlement.holdId,
    price: charge.providerAmount + charge.platformFee,
    receiptId: settlement.receiptId,
    accountId: settlement.accountId,
    requestId: settlement.requestId,
    responseId: settlement.responseId,
    idempotencyKey: settlement.idempotencyKey,
    network: settlement.network,
    meterSubject: settlement.meterSubject,
    provider: settlement.provider,
    providerAmount: charge.providerAmount,
    platformFee: charge.platformFee,
    linesOfReceipt: storedLines(charge.lineItems),
    isEstimated: settlement.estimated,
    proof: proofOf(settlement.signature),
    moment: new Date(settlement.settledAtMs),
  };
}
