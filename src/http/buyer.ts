import type { IncomingMessage } from 'node:http';
import type { Wallet } from '../payments/x402/wallet.js';
import { wireOf } from '../streaming/wire-of.js';
import type { ExchangeMiddleware } from './exchange.js';
import { surfaceOf } from './surface.js';

/** Who sends a request that has no key: somebody who may pay with the request itself. */
export interface Buyer {
  /** The wallet that the request's access token names. */
  readonly wallet: Wallet | undefined;
}

const buyers = new WeakMap<IncomingMessage, Buyer>();

/** Undefined for a request with a key, on the external surface, and where wallets cannot pay. */
export function buyerOf(request: IncomingMessage): Buyer | undefined {
  return buyers.get(request);
}

/**
 * Finds out which requests on the native surface have no key. To be used only where wallets can pay.
 * @param open reads a wallet's access token
 */
export function buyerMiddleware(open: (token: string) => Wallet | undefined): ExchangeMiddleware {
  return (request, _response, next) => {
    if (surfaceOf(request) === 'native') {
      const sent = wireOf(request).keysIn(request.headers);
      const wallet = sent.map(open).find((found) => found !== undefined);
      if (wallet || sent.length === 0) buyers.set(request, { wallet });
    }
    next();
  };
}
