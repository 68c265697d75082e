import type { JsonObject } from '../../base/json.js';
import type {
  PaymentScheme,
  PaymentState,
  StoredPayment,
  TransferMethod,
} from '../../payments/x402/payment.js';

export interface PaymentRow {
  readonly id: string;
  readonly account_id: string;
  readonly chain_id: number;
  readonly scheme: PaymentScheme;
  readonly method: TransferMethod;
  readonly payer: string;
  readonly contract: string;
  readonly nonce: string;
  readonly asset: string;
  readonly pay_to: string;
  readonly authorised: string;
  readonly valid_until: Date;
  readonly payload: JsonObject;
  readonly requirements: JsonObject;
  readonly hold_id: string;
  readonly response_id: string | null;
  readonly once_key: string;
  readonly fingerprint: Buffer;
  readonly state: PaymentState;
  readonly amount: string | null;
  readonly transaction_hash: string | null;
  readonly failure: string | null;
  readonly is_free?: boolean;
  readonly is_untried?: boolean;
  readonly is_untold?: boolean;
}

export function storedPayment(row: PaymentRow): StoredPayment {
  return {
    id: row.id,
    state: row.state,
    accountId: row.account_id,
    holdId: row.hold_id,
    responseId: row.response_id ?? undefined,
    fingerprint: row.fingerprint,
    onceKey: row.once_key,
    amount: row.amount === null ? undefined : BigInt(row.amount),
    transactionHash: row.transaction_hash ?? undefined,
    failure: row.failure ?? undefined,
    isFree: row.is_free,
    isUntried: row.is_untried,
    isUntold: row.is_untold,
    chainId: row.chain_id,
    scheme: row.scheme,
    method: row.method,
    payer: row.payer,
    contract: row.contract,
    nonce: BigInt(row.nonce),
    asset: row.asset,
    payTo: row.pay_to,
    authorised: BigInt(row.authorised),
    validUntilMs: row.valid_until.getTime(),
    payload: row.payload,
    requirements: row.requirements,
  };
}
