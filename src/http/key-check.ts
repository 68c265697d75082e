import type { Uploads } from '../payments/keys/key-authenticator.js';
import type { KeyedRequest } from '../payments/keys/keyed-request.js';

/** Checks whether a key lives, when the call's own hold cannot do so. */
export abstract class KeyCheck {
  /**
   * Counts the request against the key's limits, unless it was counted already.
   * @throws GatewayError 401 for an unknown, revoked or expired key; 429 for a key that is at its limits
   */
  abstract check(request: KeyedRequest, uploads?: Uploads): Promise<void>;
}
