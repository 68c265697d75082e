import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import type { JsonObject } from '../base/json.js';
import type { CallOrigin } from '../payments/charged-work.js';
import { Networks } from '../payments/networks.js';
import { Once, type Earlier } from '../payments/once/once.js';
import { onceKeyOf, type OnceKey } from '../payments/once/once-key.js';
import { isClientGone, onceClosed } from '../streaming/client-gone.js';
import type { Caller } from './caller.js';
import { Intake } from './intake.js';
import { KeyCheck } from './key-check.js';
import { readFormBody, type FormBody } from './read-form-body.js';
import { readJsonBody, type BodyLimits } from './read-json-body.js';
import { receivePaidBody } from './receive.js';
import { BodySettings } from './settings.js';

/** A request for a paid call, checked for shape. */
export interface PaidRequest<Parsed> {
  readonly parsed: Parsed;
  readonly origin: CallOrigin;
  /** Set when the request must run only once, even if it is sent again. */
  readonly once: OnceKey | undefined;
  /** Set when the same request came before: its answer then. */
  readonly earlier: Earlier | undefined;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Reads and checks the request of every paid call, in the order in which a client learns of errors. */
@Injectable()
export class PaidRequests {
  constructor(
    private readonly keys: KeyCheck,
    private readonly networks: Networks,
    private readonly once: Once,
    private readonly intake: Intake,
    private readonly settings: BodySettings,
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
    const { maxBytes } = this.settings;
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
    const { keys, intake } = this;
    const received = await receivePaidBody({ caller, keys, intake }, read, (body) => {
      const { parsed, content } = parse(body);
      const origin = { ...caller, chainId: this.networks.chainIdOf(caller.chainId) };
      return { parsed, origin, once: onceKeyOf(request, content) };
    });
    const { once } = received;
    const earlier = once && (await this.once.earlier(caller, once));
    if (earlier && caller.surface === 'native') response.setHeader('x-compose-idempotent-replay', 'true');
    return { ...received, earlier };
  }

  /** Reports a bad key before any error in the request itself. */
  async keyFirst<Command>(caller: Caller, prepare: () => Command | Promise<Command>): Promise<Command> {
    try {
      return await prepare();
    } catch (failure) {
      if (failure instanceof GatewayError) await this.keys.check(caller);
      throw failure;
    }
  }
}

/** Two forms with equal content count as the same request. */
function contentOf({ fields, files }: FormBody): JsonObject {
  if (files.size === 0) return fields;
  const hashes = [...files].map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]);
  return { fields, files: Object.fromEntries(hashes) as JsonObject };
}
