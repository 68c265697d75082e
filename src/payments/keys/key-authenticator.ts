import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { limitError } from '../refusal.js';
import { KeyStore, type KeyRecord } from './key-store.js';
import type { KeyedRequest } from './keyed-request.js';

/** Bodies of one key that are on their way to this process. */
export interface Uploads {
  readonly others: number;
  /** Whether a hold follows: then the calls that run on all replicas leave less room. */
  readonly paid: boolean;
}

/**
 * Looks a key up without a hold: for routes that cost nothing, while a body is on its way, and before a failure that
 * precedes the hold. The request counts for the key's limits here, unless it was counted before.
 */
@Injectable()
export class KeyAuthenticator {
  constructor(private readonly keys: KeyStore) {}

  /** @throws GatewayError 401 for a key that is unknown, revoked or expired; 429 for one that is at its limits. */
  async authenticate(request: KeyedRequest, uploads?: Uploads): Promise<KeyRecord> {
    const key = await this.keys.findFor(request.payer).catch(unavailable);
    if (!key) throw new GatewayError('invalid_api_key');
    if (key.revokedAt) throw new GatewayError('revoked_api_key');
    if (key.expiresAt && key.expiresAt <= new Date()) throw new GatewayError('expired_api_key');
    if (!request.rate.counted) await this.count(key);
    request.rate.counted = true;
    if (uploads) refuseWhenFull(key, uploads);
    return key;
  }

  async check(request: KeyedRequest, uploads?: Uploads): Promise<void> {
    await this.authenticate(request, uploads);
  }

  private async count({ id, rateLimitRpm }: KeyRecord): Promise<void> {
    if (rateLimitRpm === null) return;
    const retryAfterMs = await this.keys.countRequest(id).catch(unavailable);
    if (retryAfterMs !== undefined) throw limitError('rate_limited', rateLimitRpm, retryAfterMs);
  }
}

function refuseWhenFull({ maxConcurrentRequests: most, openHolds }: KeyRecord, uploads: Uploads): void {
  if (most !== null && uploads.others + (uploads.paid ? openHolds : 0) >= most)
    throw limitError('concurrency_limited', most);
}

function unavailable(cause: unknown): never {
  throw new GatewayError('service_unavailable', undefined, { retryAfterSeconds: 5, cause });
}
