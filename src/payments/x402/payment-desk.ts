import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { newId } from '../../base/ids.js';
import type { JsonObject } from '../../base/json.js';
import type { HeaderFields } from '../../streaming/presenter.js';
import { accountOfWallet, Payer } from '../payer.js';
import type { AgreedPayment } from './agreed-payment.js';
import { AccessTokens } from './access-tokens.js';
import { Deliveries } from './deliveries.js';
import type { PaymentChain } from './facilitator.js';
import type { PaymentClaim, SignedPayment, StoredPayment } from './payment.js';
import { PaymentStore } from './payment-store.js';
import { Orders, type Order } from './orders.js';
import type { Offer, Purchase, PurchaseRequest } from './purchase.js';
import { RepeatedPayments, type PaidAnswer } from './repeated-payments.js';

/** Shared caches must neither keep what was paid for nor show it to others. */
const PRIVATE: HeaderFields = { 'Cache-Control': 'private', Vary: 'Authorization, PAYMENT-SIGNATURE' };

/** The protocol's reason for a payment that the chain has seen. */
const NONCE_USED = 'invalid_exact_evm_nonce_already_used';

interface Asked {
  readonly request: PurchaseRequest;
  readonly order: Order;
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
    private readonly repeated: RepeatedPayments,
    private readonly deliveries: Deliveries,
    private readonly tokens: AccessTokens,
  ) {}

  /**
   * @throws GatewayError payment_required with the challenge, permit2_allowance_required, invalid_value for a malformed
   * payment or cap, chain_not_supported, service_unavailable, and what `RepeatedPayments` throws
   */
  async sell(request: PurchaseRequest, offer: Offer): Promise<Purchase> {
    const order = this.orders.order(request, offer);
    const asked = { request, order };
    await this.deliveries.written();
    const signed = await this.orders.read(order, request.headers);
    if (!signed) return this.unsigned(asked);
    const { payment, identifier } = signed;
    if (request.wallet && request.wallet.address !== payment.payer)
      throw await this.orders.refusal(order, 'invalid_payload');
    const claimed = await this.store.findClaim(payment).catch(unavailable);
    if (claimed) return this.claimedBefore(asked, claimed, payment);
    return this.first(asked, payment, identifier);
  }

  /** To be called before the answer that the payment pays for begins. */
  watchDelivery(response: ServerResponse, paymentId: string): void {
    this.deliveries.watch(response, paymentId);
  }

  /** Without a payment: the answer to an open request of this key, else the challenge. */
  private async unsigned({ request, order }: Asked): Promise<Purchase> {
    const key = request.once?.key;
    const account = request.wallet && accountOfWallet(request.wallet.address);
    if (key !== undefined) {
      const open = await this.findOpen(openKeyOf(request, key), account);
      const paid = open && (await this.repeated.answerTo(open, request.fingerprint));
      if (open && paid) return this.repeat(open, paid);
    }
    throw await this.orders.refusal(order);
  }

  private async claimedBefore(
    { request, order }: Asked,
    claimed: StoredPayment,
    payment: SignedPayment,
  ): Promise<Purchase> {
    const isSame = sameSignature(claimed, payment) && claimed.fingerprint.equals(request.fingerprint);
    const paid = isSame && (await this.repeated.answerTo(claimed, request.fingerprint));
    if (paid) return this.repeat(claimed, paid);
    const failure = isSame ? claimed.failure : undefined;
    throw await this.orders.refusal(order, failure ?? NONCE_USED);
  }

  private async first(
    { request, order }: Asked,
    payment: SignedPayment,
    identifier: string | undefined,
  ): Promise<Purchase> {
    const { fingerprint } = request;
    const key = request.once?.key ?? identifier;
    const open = { id: newId('pay'), openKey: openKeyOf(request, key), repeatMs: this.orders.repeatMs };
    const { claim, reason } = await this.verified(order, payment, open);
    if (!claim) throw await this.orders.refusal(order, reason);
    const accountId = accountOfWallet(payment.payer);
    const before = await this.findOpen(open.openKey, accountId);
    const paid = before && (await this.repeated.answerTo(before, fingerprint));
    if (before && paid) return this.repeat(before, paid);
    const earlier =
      key === undefined ? undefined : await this.repeated.byKey(accountId, { key, fingerprint });
    const { chainId, payer } = payment;
    const headers = this.headersFor(payment);
    if (earlier) return { headers, earlier };
    return {
      headers,
      paymentId: open.id,
      run: {
        payer: Payer.ofWallet(chainId, payer),
        chainId,
        payment: this.agreed(order, claim),
        once: { key: key ?? open.id, fingerprint, isPrepaid: payment.scheme === 'exact' },
      },
    };
  }

  private agreed(order: Order, claim: PaymentClaim): AgreedPayment {
    return {
      claim,
      verifyAgain: async () => (await this.verified(order, claim.payment, claim)).claim,
      response: (payment) => this.orders.response(payment),
      refused: (reason, failed) => this.refusal(order, reason, failed),
    };
  }

  /** What the wallet has moved is read before its balance: see `PaymentStore.movedBy`. */
  private async verified(
    { chain }: Order,
    payment: SignedPayment,
    { id, openKey, repeatMs }: Pick<PaymentClaim, 'id' | 'openKey' | 'repeatMs'>,
  ): Promise<{ readonly claim?: PaymentClaim; readonly reason: string }> {
    const movedBefore = await this.store.movedBy(payment).catch(unavailable);
    let verification = await chain.facilitator.verify(payment);
    if (!verification.isValid && (await isPaidAlready(chain, payment, verification.reason)))
      verification = { isValid: true, available: payment.authorised };
    if (!verification.isValid) return verification;
    const { available } = verification;
    return { claim: { id, openKey, repeatMs, payment, available, movedBefore }, reason: '' };
  }

  private async repeat(payment: StoredPayment, { earlier, headers }: PaidAnswer): Promise<Purchase> {
    return { headers: { ...this.headersFor(payment), ...headers }, earlier, paymentId: payment.id };
  }

  private headersFor({ chainId, payer }: SignedPayment): HeaderFields {
    return { ...PRIVATE, 'x-compose-access-token': this.tokens.issue({ chainId, address: payer }) };
  }

  private async refusal(order: Order, reason: string, failed?: StoredPayment): Promise<GatewayError> {
    const headers = failed && { 'PAYMENT-RESPONSE': await this.orders.response(failed) };
    return this.orders.refusal(order, reason, headers);
  }

  private findOpen(openKey: string, accountId: string | undefined): Promise<StoredPayment | undefined> {
    return this.store.findOpen(openKey, this.orders.repeatMs, accountId).catch(unavailable);
  }
}

/**
 * Anybody may broadcast an `exact` authorisation. If that has paid us, and no call has claimed it, it pays for this one.
 */
async function isPaidAlready(
  { facilitator }: PaymentChain,
  payment: SignedPayment,
  reason: string,
): Promise<boolean> {
  // The reason is given only when the signature is right.
  if (payment.scheme !== 'exact' || reason !== NONCE_USED) return false;
  const { outcome } = await facilitator.find('', payment, payment.authorised);
  return outcome === 'moved';
}

/** The nonce and the payer of a payment are public once it has moved; its signature is what the buyer has. */
function sameSignature(claimed: StoredPayment, payment: SignedPayment): boolean {
  const signatures = [claimed, payment].map(({ payload }) =>
    String((payload['payload'] as JsonObject)['signature']),
  );
  return signatures[0]?.toLowerCase() === signatures[1]?.toLowerCase();
}

/** By the client's own key where there is one: who wants a second sample at once takes another. */
function openKeyOf({ fingerprint }: PurchaseRequest, key: string | undefined): string {
  return key === undefined ? `request:${fingerprint.toString('base64url')}` : `key:${key}`;
}

function unavailable(cause: unknown): never {
  throw new GatewayError('service_unavailable', undefined, { retryAfterSeconds: 5, cause });
}
