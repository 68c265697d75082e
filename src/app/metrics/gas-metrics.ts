import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Moments } from '../../base/moments/moments.js';
import { Metrics } from './metrics.js';

const WEI_PER_COIN = 1e18;

/** What payments by wallets cost the operator. */
@Injectable()
export class GasMetrics {
  constructor({ registry }: Metrics, moments: Moments) {
    const balance = new Gauge({
      name: 'slipstream_x402_signer_balance',
      help: "What the signer of payments by wallets has for gas, in the chain's coin; absent without a signer.",
      labelNames: ['chain'],
      aggregator: 'min',
      registers: [registry],
    });
    moments.subscribe((moment) => {
      if (moment.type === 'gas_seen')
        balance.set({ chain: String(moment.chainId) }, Number(moment.balance) / WEI_PER_COIN);
    });
  }
}
