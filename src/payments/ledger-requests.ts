import { newId } from '../ids.js';
import type { Ending } from './call-record.js';
import type { ChargedWork } from './charged-work.js';
import { chargeFor } from './domain/metering.js';
import { encodeTariff } from './domain/tariff.js';
import type { HoldGrant, HoldRequest, Settlement } from './ledger.js';

/** What the ledger is asked for before the work runs. */
export function holdRequestFor<Event>(work: ChargedWork<Event>, holdId: string): HoldRequest {
  const { payer, quote, model, provider, responseId, inputTokensEstimate } = work;
  return {
    holdId,
    keyHash: payer.keyHash,
    model,
    wanted: quote.wanted,
    minimum: quote.minimum,
    requestId: payer.requestId,
    responseId,
    once: work.once,
    inputTokens: inputTokensEstimate,
    terms: {
      tariff: encodeTariff(quote.tariff),
      feeBps: quote.feeBps,
      chainId: payer.chainId ?? null,
      provider,
      model,
    },
    record: work.record?.start(),
  };
}

/** What the work has used, with its price. To be asked for once, when it has ended: it names a new receipt. */
export async function settlementFor<Event>(
  work: ChargedWork<Event>,
  held: { readonly holdId: string; readonly grant: HoldGrant },
  ending: Ending,
  defaultChainId: number,
): Promise<Settlement> {
  const { payer, quote, meter, model, responseId } = work;
  const { keyId, accountId, chainId, amount } = held.grant;
  const measurement = await meter.measure();
  const { usage, estimated } = measurement;
  const provider = meter.provider ?? work.provider;
  return {
    holdId: held.holdId,
    keyId,
    accountId,
    requestId: payer.requestId,
    responseId,
    idempotencyKey: work.once?.key,
    receiptId: newId('rct'),
    network: `eip155:${payer.chainId ?? chainId ?? defaultChainId}`,
    provider,
    meterSubject: `${provider}:${model}`,
    charge: chargeFor(usage, quote.tariff, { feeBps: quote.feeBps, estimated }),
    estimated,
    settledAtMs: Date.now(),
    held: amount,
    record: work.record?.end(ending, measurement),
  };
}
