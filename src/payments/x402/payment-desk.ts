import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { newId } from '../../base/ids.js';
import type { JsonObject } from '../../base/json.js';
import type { HeaderFields } from '../../streaming/presenter.js';
import { ledgerUnavailable } from '../charge-failures.js';
import { Once } from '../once/once.js';
import { accountOfWallet, Payer } from '../payer.js';
import type { AgreedPayment } from './agreed-payment.js';
import { AccessTokens } from './access-tokens.js';
import { Deliveries } from './deliveries.js';
import type { PaymentChain } from './facilitator.js';
import {
  NONCE_USED,
  type PaymentClaim,
  type SignedPayment,
  type StoredPayment,
  type TransferMethod,
} from './payment.js';
import { PaymentStore, type KnownPayments, type SoughtPayment } from './payment-store.js';
import { Orders, type Order } from './orders.js';
import type { PaymentIdentity } from './read-payment.js';
import type { Offer, Purchase, PurchaseRequest } from './purchase.js';
import { paidAnswer, requireConcluded, unknownOutcome, type PaidAnswer } from './repeated-payments.js';

/** Shared caches must neither keep what was paid for nor show it to others. */
const PRIVATE: HeaderFields = { 'Cache-Control': 'private', Vary: 'Authorization, PAYMENT-SIGNATURE' };

/**
 * The protocol's reasons for a payment that the chain may have taken already. Each is given only when the signature is
 * right. Of Permit2 the protocol tells no used nonce, only that the payment fails, or what the wallet has left.
 */
const MAY_BE_TAKEN: Readonly<Record<TransferMethod, readonly string[]>> = {
  eip3009: [NONCE_USED.eip3009],
  permit2: [
    NONCE_USED.permit2,
    'permit2_simulation_failed',
    'permit2_insufficient_balance',
    'permit2_allowance_required',
  ],
};

/** For a payment that does not tell whose it is. */
const NOTHING_KNOWN: KnownPayments = { moved: 0n, claimed: undefined, open: undefined };

interface Asked {
  readonly request: PurchaseRequest;
  readonly order: Order;
}

interface Verified {
  readonly claim?: PaymentClaim;
  /** The protocol's, without a claim. */
  readonly reason: string;
  /** Somebody else has moved it, so that everybody can read its signature on the chain. */
  readonly isPublic: boolean;
}

/**
 * Sells calls to wallets: asks for a payment, verifies the one that comes, and recognises those that came before. It
 * claims nothing: that is done together with the call's hold.
 */
@Injectable()
export class PaymentDesk {
  constructor(
    private readonly orders: Orders,
    private readonly store: PaymentStore,
    private readonly once: Once,
    private readonly deliveries: Deliveries,
    private readonly tokens: AccessTokens,
  ) {}

  /**
   * @throws GatewayError payment_required with the challenge, permit2_allowance_required, invalid_value for a malformed
   * payment or cap, chain_not_supported, and what `Once.earlierOf` and `answerTo` throw
   */
  async sell(request: PurchaseRequest, offer: Offer): Promise<Purchase> {
    const order = this.orders.order(request, offer);
    const asked = { request, order };
    await this.deliveries.written();
    const signed = await this.orders.read(order, request.headers);
    if (!signed) return this.unsigned(asked);
    const { identity } = signed;
    if (identity && request.wallet && request.wallet.address !== identity.payer)
      throw await this.orders.refusal(order, 'invalid_payload');
    const key = request.once?.key ?? ('refused' in signed ? undefined : signed.identifier);
    const openKey = openKeyOf(request, key);
    const known = identity ? await this.look(identity, openKey) : NOTHING_KNOWN;
    // A payment that was claimed is old by now, and prices may have changed since: it is known nevertheless.
    if (identity && known.claimed) return this.claimedBefore(asked, known.claimed, identity);
    if ('refused' in signed) throw await this.orders.refusal(order, signed.refused);
    return this.first(asked, signed.payment, key, known);
  }

  /** To be called before the answer that the payment pays for begins. */
  watchDelivery(response: ServerResponse, paymentId: string): void {
    this.deliveries.watch(response, paymentId);
  }

  /**
   * Without a payment: the answer to an open request of this key, else the challenge. Without a token nobody knows whose
   * the key is, so another request with the same key is a request of somebody else.
   */
  private async unsigned({ request, order }: Asked): Promise<Purchase> {
    const { wallet, fingerprint } = request;
    const key = request.once?.key;
    if (key !== undefined) {
      const account = wallet && accountOfWallet(wallet.address);
      const open = await this.findOpen(openKeyOf(request, key), account);
      const isMeant = wallet !== undefined || open?.fingerprint.equals(fingerprint);
      const paid = open && isMeant && (await this.answerTo(open, fingerprint));
      if (open && paid) return this.repeat(open, paid, wallet !== undefined);
    }
    throw await this.orders.refusal(order);
  }

  /** What the chain has taken, everybody can read there, the signature too. So it shows the answer, and no more. */
  private async claimedBefore(
    { request, order }: Asked,
    claimed: StoredPayment,
    { signature }: PaymentIdentity,
  ): Promise<Purchase> {
    const isSame = signatureOf(claimed) === signature && claimed.fingerprint.equals(request.fingerprint);
    const paid = isSame && (await this.answerTo(claimed, request.fingerprint));
    if (paid) return this.repeat(claimed, paid, claimed.state === 'burned');
    const failure = isSame ? claimed.failure : undefined;
    throw await this.orders.refusal(order, failure ?? NONCE_USED[claimed.method]);
  }

  private async first(
    { request, order }: Asked,
    payment: SignedPayment,
    key: string | undefined,
    { moved, open }: KnownPayments,
  ): Promise<Purchase> {
    const { fingerprint } = request;
    const named = { id: newId('pay'), openKey: openKeyOf(request, key), repeatMs: this.orders.repeatMs };
    const { claim, reason, isPublic } = await this.verified(order, payment, named, moved);
    if (!claim) throw await this.orders.refusal(order, reason);
    const accountId = accountOfWallet(payment.payer);
    const paid = open && (await this.answerTo(open, fingerprint));
    if (open && paid) return this.repeat(open, paid, !isPublic);
    const earlier =
      key === undefined ? undefined : await this.once.earlierOf(accountId, { key, fingerprint });
    const { chainId, payer } = payment;
    const headers = this.headersFor(payment, !isPublic);
    if (earlier) return { headers, earlier };
    return {
      headers,
      paymentId: named.id,
      run: {
        payer: Payer.ofWallet(chainId, payer),
        chainId,
        payment: this.agreed(order, claim),
        once: { key: key ?? named.id, fingerprint, isPrepaid: payment.scheme === 'exact' },
      },
    };
  }

  private agreed(order: Order, claim: PaymentClaim): AgreedPayment {
    return {
      claim,
      verifyAgain: async () => {
        const { moved } = await this.look(claim.payment, claim.openKey);
        return (await this.verified(order, claim.payment, claim, moved)).claim;
      },
      response: (payment) => this.orders.response(payment),
      refused: (reason, failed) => this.refusal(order, reason, failed),
    };
  }

  /** @param movedBefore was read before this reads the balance: see `PaymentStore.look` */
  private async verified(
    { chain }: Order,
    payment: SignedPayment,
    { id, openKey, repeatMs }: Pick<PaymentClaim, 'id' | 'openKey' | 'repeatMs'>,
    movedBefore: bigint,
  ): Promise<Verified> {
    const verification = await chain.facilitator.verify(payment);
    const isPublic = !verification.isValid;
    const reason = isPublic ? await finalReason(chain, payment, verification.reason) : undefined;
    if (reason !== undefined) return { reason, isPublic };
    const available = isPublic ? payment.authorised : verification.available;
    return { claim: { id, openKey, repeatMs, payment, available, movedBefore }, reason: '', isPublic };
  }

  /**
   * The answer to a request whose payment was claimed before.
   * @returns undefined for a payment that failed: nothing was paid
   * @throws GatewayError idempotency_conflict for another request; service_unavailable; what `requireConcluded` and
   * `paidAnswer` throw
   */
  private async answerTo(payment: StoredPayment, fingerprint: Buffer): Promise<PaidAnswer | undefined> {
    if (payment.state === 'failed') return undefined;
    if (!payment.fingerprint.equals(fingerprint))
      throw new GatewayError('idempotency_conflict', undefined, { shouldRetry: false });
    const record = await this.once.recordOf(payment.accountId, payment.onceKey);
    requireConcluded(payment, record);
    return paidAnswer(payment, record, await this.orders.response(payment));
  }

  /** @param isOwner whether who asks has shown to be the wallet */
  private repeat(payment: StoredPayment, { earlier, headers }: PaidAnswer, isOwner: boolean): Purchase {
    return { headers: { ...this.headersFor(payment, isOwner), ...headers }, earlier, paymentId: payment.id };
  }

  private headersFor({ chainId, payer }: SignedPayment, isOwner: boolean): HeaderFields {
    if (!isOwner) return PRIVATE;
    return { ...PRIVATE, 'x-compose-access-token': this.tokens.issue({ chainId, address: payer }) };
  }

  private async refusal(order: Order, reason: string, failed?: StoredPayment): Promise<GatewayError> {
    const headers = failed && { 'PAYMENT-RESPONSE': await this.orders.response(failed) };
    return this.orders.refusal(order, reason, headers);
  }

  private look(payment: SoughtPayment, openKey: string): Promise<KnownPayments> {
    return this.store.look(payment, openKey, this.orders.repeatMs).catch(unavailable);
  }

  private findOpen(openKey: string, accountId: string | undefined): Promise<StoredPayment | undefined> {
    return this.store.findOpen(openKey, this.orders.repeatMs, accountId).catch(unavailable);
  }
}

/**
 * Anybody may broadcast an `exact` authorisation. If that has paid us, and no call has claimed it, it pays for this one.
 * @param reason why it does not verify
 * @returns undefined if it has paid us
 */
async function finalReason(
  { facilitator }: PaymentChain,
  payment: SignedPayment,
  reason: string,
): Promise<string | undefined> {
  if (payment.scheme !== 'exact' || !MAY_BE_TAKEN[payment.method].includes(reason)) return reason;
  const found = await facilitator.find('', payment, payment.authorised);
  if (found.outcome === 'unknown') throw unknownOutcome();
  if (found.outcome === 'moved') return undefined;
  return found.outcome === 'failed' ? found.reason : reason;
}

function signatureOf({ payload }: StoredPayment): unknown {
  return (payload['payload'] as JsonObject)['signature'];
}

/** By the client's own key where there is one: who wants a second sample at once takes another. */
function openKeyOf({ fingerprint }: PurchaseRequest, key: string | undefined): string {
  return key === undefined ? `request:${fingerprint.toString('base64url')}` : `key:${key}`;
}

function unavailable(cause: unknown): never {
  throw ledgerUnavailable(cause);
}
