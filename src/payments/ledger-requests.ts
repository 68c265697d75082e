import { Logger } from '@nestjs/common';
import { newId } from '../base/ids.js';
import type { ChargedWork } from './charged-work.js';
import { chargeForEach } from '../money/metering.js';
import { encodeTariff } from '../money/tariff.js';
import { NO_USAGE } from '../money/usage.js';
import type { HoldGrant, HoldRequest, Settlement } from './ledger.js';
import type { Measurement, Meter } from '../money/meter.js';

const logger = new Logger('Settlement');

/** What the ledger is asked for before the work runs. */
export function holdRequestFor<Event>(work: ChargedWork<Event>, holdId: string): HoldRequest {
  const { origin, quote, model, entryId, provider, responseId, inputTokensEstimate } = work;
  return {
    holdId,
    payer: origin.payer,
    counted: origin.rate?.counted ?? false,
    model: entryId,
    wanted: quote.wanted,
    minimum: quote.minimum,
    requestId: origin.requestId,
    responseId,
    once: work.once,
    inputTokens: inputTokensEstimate,
    terms: {
      tariff: encodeTariff(quote.tariff),
      feeBps: quote.feeBps,
      chainId: origin.chainId ?? null,
      provider,
      model,
    },
    record: work.record?.start(),
  };
}

/** What was used; of a meter that fails, what it has told so far. */
export async function measured(meter: Meter): Promise<Measurement> {
  try {
    return await meter.measure();
  } catch (failure) {
    logger.error({ msg: 'what a call has used was not counted to its end', err: failure });
    return { usage: { ...NO_USAGE, ...meter.progress() }, estimated: true };
  }
}

/** What the work has used, with its price. To be asked for once, when it has ended: it names a new receipt. */
export function settlementFor<Event>(
  work: ChargedWork<Event>,
  held: { readonly holdId: string; readonly grant: HoldGrant },
  measurement: Measurement,
  defaultChainId: number,
): Settlement {
  const { origin, quote, meter, model, responseId } = work;
  const { keyId, accountId, chainId, amount } = held.grant;
  const { usage, requests = [usage], estimated } = measurement;
  const provider = meter.provider ?? work.provider;
  return {
    holdId: held.holdId,
    keyId,
    accountId,
    requestId: origin.requestId,
    responseId,
    idempotencyKey: work.once?.key,
    receiptId: newId('rct'),
    network: `eip155:${origin.chainId ?? chainId ?? defaultChainId}`,
    provider,
    meterSubject: `${provider}:${model}`,
    charge: chargeForEach(requests, quote.tariff, { feeBps: quote.feeBps, estimated }),
    estimated,
    settledAtMs: Date.now(),
    held: amount,
  };
}
