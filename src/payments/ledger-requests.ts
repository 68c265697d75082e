import { Logger } from '@nestjs/common';
import type { ChargedWork } from './charged-work.js';
import { NO_USAGE } from '../base/money/usage.js';
import type { HoldGrant, HoldRequest, HoldSettlement, SettledPayment } from './ledger.js';
import { settlementOf } from './settlement.js';
import type { Measurement, Meter } from '../base/money/meter.js';

const logger = new Logger('Settlement');

/** The request for the hold, before the work runs. */
export function holdRequestFor<Event>(work: ChargedWork<Event>, holdId: string): HoldRequest {
  const { origin, price, model, entryId, provider, responseId, inputTokensEstimate } = work;
  const { payment, agent } = origin;
  return {
    holdId,
    payer: origin.payer,
    counted: origin.rate?.counted ?? false,
    model: entryId,
    wanted: payment?.claim.payment.authorised ?? price.wanted,
    minimum: payment?.claim.payment.authorised ?? price.minimum,
    requestId: origin.requestId,
    responseId,
    once: work.once,
    inputTokens: inputTokensEstimate,
    terms: {
      ...price.terms,
      chainId: origin.chainId ?? null,
      provider,
      model,
      ...(payment && { payment: { scheme: payment.claim.payment.scheme } }),
      ...(agent && { agent }),
    },
    payment: payment?.claim,
    record: work.record?.start(),
  };
}

/** What was used. If the meter fails, what it has told so far. */
export async function measured(meter: Meter): Promise<Measurement> {
  try {
    return await meter.measure();
  } catch (failure) {
    logger.error({ msg: 'what a call has used was not counted to its end', err: failure });
    return { usage: { ...NO_USAGE, ...meter.progress() }, estimated: true };
  }
}

/** The settlement that ends the hold with what the work has used. To be called once. */
export function settlementFor<Event>(
  work: ChargedWork<Event>,
  { holdId, grant }: { readonly holdId: string; readonly grant: HoldGrant },
  { measurement, settledAtMs }: { readonly measurement: Measurement; readonly settledAtMs: number },
  defaultChainId: number,
  payment?: SettledPayment,
): HoldSettlement {
  const { origin, price, model, responseId } = work;
  const ended = {
    accountId: grant.accountId,
    requestId: origin.requestId,
    responseId,
    provider: work.meter.provider ?? work.provider,
    model,
    chainId: origin.chainId ?? grant.chainId ?? defaultChainId,
  };
  return {
    ...settlementOf(ended, price, measurement, settledAtMs),
    holdId,
    keyId: grant.keyId,
    idempotencyKey: work.once?.key,
    held: grant.amount,
    payment,
  };
}
