import { newId } from '../base/ids.js';
import type { Measurement } from '../base/money/meter.js';
import type { AgreedPrice } from '../base/money/price.js';
import type { Settlement } from './ledger.js';

interface EndedWork extends Pick<Settlement, 'accountId' | 'requestId' | 'responseId' | 'provider'> {
  /** Public id without options. */
  readonly model: string;
  readonly chainId: number;
}

/**
 * What has been used, with its price. To be called once, when the work has ended: it names a new receipt.
 *
 * @param settledAtMs now, by the ledger's clock
 */
export function settlementOf(
  { model, chainId, ...work }: EndedWork,
  price: AgreedPrice,
  measurement: Measurement,
  settledAtMs: number,
): Settlement {
  return {
    ...work,
    receiptId: newId('rct'),
    network: `eip155:${chainId}`,
    meterSubject: `${work.provider}:${model}`,
    charge: price.chargeFor(measurement),
    estimated: measurement.estimated,
    settledAtMs,
  };
}
