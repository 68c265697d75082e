import type { Uploads } from '../payments/keys/key-authenticator.js';
import type { KeyedRequest } from '../payments/keys/keyed-request.js';

/** Whether a key lives, for the moments when the call's own hold cannot tell. */
export abstract class KeyCheck {
  /**
   * Counts the request for the key's limits, unless that has been done.
   * @throws GatewayError 401 for an unknown, revoked or expired key; 429 for one that is at its limits
   */
  abstract check(request: KeyedRequest, uploads?: Uploads): Promise<void>;
}
