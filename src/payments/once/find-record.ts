import { GatewayError } from '../../base/errors/gateway-error.js';
import type { IdempotencyRecord, IdempotencyStore } from './idempotency-store.js';

/** @throws GatewayError service_unavailable */
export async function findRecord(
  store: IdempotencyStore,
  accountId: string,
  key: string,
): Promise<IdempotencyRecord | undefined> {
  try {
    return await store.find(accountId, key);
  } catch (cause) {
    throw new GatewayError('service_unavailable', undefined, { retryAfterSeconds: 5, cause });
  }
}
