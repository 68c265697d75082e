import type { GatewayError } from '../base/errors/gateway-error.js';
import type { Payer } from './charged-work.js';
import type { KeyAuthenticator } from './keys/key-authenticator.js';
import type { HoldRefusal } from './ledger.js';
import { refusalError } from './refusal.js';

/**
 * What a refused hold is told as. A call of an account without room is not let through to the key's row, so its key's
 * rate limit counts it here.
 * @throws GatewayError when that is used up
 */
export async function refusalOf(
  refusal: HoldRefusal,
  { keyHash }: Payer,
  keys: KeyAuthenticator,
): Promise<GatewayError> {
  if (refusal.reason === 'storage_full') await keys.check({ keyHash, rate: { counted: false } });
  return refusalError(refusal);
}
