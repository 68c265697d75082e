import type { IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { GatewayError } from '../errors/gateway-error.js';
import type { JsonObject } from '../json.js';
import type { Payer } from '../payments/charged-work.js';
import { Networks } from '../payments/networks.js';
import { Once, type Earlier } from '../payments/once/once.js';
import { onceKeyOf, type OnceKey } from '../payments/once/once-key.js';
import type { Caller } from './caller.js';
import { KeyCheck } from './key-check.js';
import { MAX_BODY_BYTES } from './max-body-bytes.js';
import { receivePaidRequest } from './receive.js';

/** A request for a paid call whose shape is right. */
export interface PaidRequest<Parsed> {
  readonly parsed: Parsed;
  readonly payer: Payer;
  /** Set when it is to run once, however often it is sent. */
  readonly once: OnceKey | undefined;
  /** Set when the same request came before: what it was answered. */
  readonly earlier: Earlier | undefined;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** What every paid call begins with, in the order in which a client hears of what is wrong. */
@Injectable()
export class PaidRequests {
  constructor(
    private readonly keys: KeyCheck,
    private readonly networks: Networks,
    private readonly once: Once,
    @Inject(MAX_BODY_BYTES) private readonly maxBytes: number,
  ) {}

  /**
   * @param parse checks the shape
   * @throws GatewayError 401 first of all, then whatever is wrong with body or headers, idempotency_conflict,
   * idempotency_in_flight
   * @throws ClientLeft when the upload breaks off
   */
  async receive<Parsed>(
    caller: Caller,
    { request, response }: Exchange,
    parse: (body: JsonObject) => Parsed,
  ): Promise<PaidRequest<Parsed>> {
    const received = await receivePaidRequest(
      request,
      caller,
      this.keys,
      (body) => ({
        parsed: parse(body),
        payer: { ...caller, chainId: this.networks.chainIdOf(caller.chainId) },
        once: onceKeyOf(request, body),
      }),
      { maxBytes: this.maxBytes },
    );
    const { once } = received;
    const earlier = once && (await this.once.earlier(caller.keyHash, once));
    if (earlier && caller.surface === 'native') response.setHeader('x-compose-idempotent-replay', 'true');
    return { ...received, earlier };
  }

  /** A bad key is told before anything that is wrong with what it asks for. */
  async keyFirst<Command>(caller: Caller, prepare: () => Command | Promise<Command>): Promise<Command> {
    try {
      return await prepare();
    } catch (failure) {
      if (failure instanceof GatewayError) await this.keys.check(caller.keyHash);
      throw failure;
    }
  }
}
