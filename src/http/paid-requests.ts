import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import type { JsonObject } from '../base/json.js';
import type { CallOrigin } from '../payments/charged-work.js';
import { Networks } from '../payments/networks.js';
import type { Earlier } from '../payments/once/earlier.js';
import { Once } from '../payments/once/once.js';
import { fingerprintOf, onceKeyOf, type OnceKey } from '../payments/once/once-key.js';
import { PaymentDesk } from '../payments/x402/payment-desk.js';
import type { Offer } from '../payments/x402/purchase.js';
import { isClientGone, onceClosed } from '../streaming/client-gone.js';
import type { Caller } from './caller.js';
import { Intake } from './intake.js';
import { KeyCheck } from './key-check.js';
import { readFormBody, type FormBody } from './read-form-body.js';
import { readJsonBody, type BodyLimits } from './read-json-body.js';
import { receivePaidBody } from './receive.js';

/** A request for a paid call, checked for shape. */
export interface PaidRequest<Parsed> {
  readonly parsed: Parsed;
  readonly origin: CallOrigin;
  /** Set when the request must run only once, even if it is sent again. */
  readonly once: OnceKey | undefined;
  /** Set when the same request came before: its answer then. */
  readonly earlier: Earlier | undefined;
  /** SHA-256 of method, path and body; only for a request without a key. */
  readonly fingerprint: Buffer | undefined;
}

/** A request whose payment has been agreed on. */
export interface AgreedRequest {
  readonly origin: CallOrigin;
  readonly once: OnceKey | undefined;
  /** Set when the same request was paid for before: its answer then. */
  readonly earlier: Earlier | undefined;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const REPLAYED = 'x-compose-idempotent-replay';

/** For requests that are paid with the request itself. */
const NO_KEY: KeyCheck = { check: () => Promise.resolve() };

/** Reads and checks the request of every paid call, in the order in which a client learns of errors. */
@Injectable()
export class PaidRequests {
  constructor(
    private readonly keys: KeyCheck,
    private readonly networks: Networks,
    private readonly once: Once,
    private readonly intake: Intake,
    private readonly desk: PaymentDesk,
  ) {}

  /**
   * Receives a JSON body.
   * @param parse checks the shape
   * @throws GatewayError 401 first of all, then 429, then any error of the body or headers, idempotency_conflict,
   * idempotency_in_flight
   * @throws ClientLeft when the upload breaks off
   */
  receive<Parsed>(
    caller: Caller,
    exchange: Exchange,
    parse: (body: JsonObject) => Parsed,
  ): Promise<PaidRequest<Parsed>> {
    const limits = this.limitsFor(caller, exchange);
    const read = (signal: AbortSignal): Promise<JsonObject> => readJsonBody(exchange.request, limits, signal);
    return this.receiveBody(caller, exchange, read, (body) => ({ parsed: parse(body), content: body }));
  }

  /** Like `receive`, for a body that may also be a form. */
  receiveForm<Parsed>(
    caller: Caller,
    exchange: Exchange,
    parse: (body: FormBody) => Parsed,
  ): Promise<PaidRequest<Parsed>> {
    const limits = this.limitsFor(caller, exchange);
    const read = (signal: AbortSignal): Promise<FormBody> => readFormBody(exchange.request, limits, signal);
    return this.receiveBody(caller, exchange, read, (form) => ({
      parsed: parse(form),
      content: contentOf(form),
    }));
  }

  /** Counts the body until the answer is over, because it is needed until then. */
  private limitsFor({ payer }: Caller, { response }: Exchange): BodyLimits {
    const { maxBytes } = this.intake;
    if (isClientGone(response)) return { maxBytes };
    const share = this.intake.share(payer);
    const stopListening = onceClosed(response, () => {
      stopListening();
      share.release();
    });
    return { maxBytes, share };
  }

  private async receiveBody<Body, Parsed>(
    caller: Caller,
    { request, response }: Exchange,
    read: (signal: AbortSignal) => Promise<Body>,
    parse: (body: Body) => { readonly parsed: Parsed; readonly content: JsonObject },
  ): Promise<PaidRequest<Parsed>> {
    const { intake } = this;
    const keys = caller.buyer ? NO_KEY : this.keys;
    const received = await receivePaidBody({ caller, keys, intake }, read, (body) => {
      const { parsed, content } = parse(body);
      const { payer, rate, requestId, exchange, agent } = caller;
      const chainId = this.networks.chainIdOf(caller.chainId);
      const origin = { payer, rate, requestId, exchange, agent, chainId };
      const fingerprint = caller.buyer && fingerprintOf(request, content);
      return { parsed, origin, once: onceOf(request, content, parsed), fingerprint };
    });
    const { once } = received;
    if (!once || caller.buyer) return { ...received, earlier: undefined };
    const find = async (): Promise<Earlier | undefined> => {
      const earlier = await this.once.earlier(caller, once);
      if (earlier && caller.surface === 'native') response.setHeader(REPLAYED, 'true');
      return earlier;
    };
    return { ...received, once: { ...once, find }, earlier: await find() };
  }

  /**
   * Agrees with a caller that has no key on a payment, when the price is known; for a key nothing is to be done.
   * @throws GatewayError see `PaymentDesk.sell`
   */
  async agree(
    { buyer }: Caller,
    { request, response }: Exchange,
    { origin, once, fingerprint }: Omit<PaidRequest<unknown>, 'parsed' | 'earlier'>,
    offer: () => Offer,
  ): Promise<AgreedRequest> {
    if (!buyer || !fingerprint) return { origin, once, earlier: undefined };
    const [path = ''] = (request.url ?? '').split('?', 1);
    const { wallet } = buyer;
    const { chainId } = origin;
    const asked = { headers: request.headers, path, fingerprint, once, chainId, wallet };
    const { headers, run, earlier, paymentId } = await this.desk.sell(asked, offer());
    for (const [name, value] of Object.entries(headers)) {
      if (name === 'Vary') response.appendHeader(name, value);
      else response.setHeader(name, value);
    }
    if (earlier) response.setHeader(REPLAYED, 'true');
    if (paymentId !== undefined) this.desk.watchDelivery(response, paymentId);
    return run ? { ...run, origin: { ...origin, ...run }, earlier: undefined } : { origin, once, earlier };
  }

  /** Lets a request through that turns out to cost nothing. @throws GatewayError 401, 429 */
  async admitFree(caller: Caller): Promise<void> {
    if (!caller.buyer) await this.keys.check(caller);
  }

  /** Reports a bad key before any error in the request itself. */
  async keyFirst<Command>(caller: Caller, prepare: () => Command | Promise<Command>): Promise<Command> {
    try {
      return await prepare();
    } catch (failure) {
      if (failure instanceof GatewayError && !caller.buyer) await this.keys.check(caller);
      throw failure;
    }
  }
}

/**
 * The first answer to a request in the background comes at once, so it is waited for. On some routes nothing is
 * streamed, whatever a client may send.
 */
function onceOf(request: IncomingMessage, content: JsonObject, parsed: unknown): OnceKey | undefined {
  const once = onceKeyOf(request, content);
  const is = (field: string): boolean =>
    (Object(parsed) as Readonly<Record<string, unknown>>)[field] === true;
  return once && { ...once, isStreamed: is('stream') && !is('background') };
}

/** Two forms with equal content count as the same request. */
function contentOf({ fields, files }: FormBody): JsonObject {
  if (files.size === 0) return fields;
  const hashes = [...files].map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]);
  return { fields, files: Object.fromEntries(hashes) as JsonObject };
}
