import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../errors/gateway-error.js';
import { KeyStore, type KeyRecord } from './key-store.js';

/** Looks a key up on its own: for routes that cost nothing, and before a failure that came ahead of the hold. */
@Injectable()
export class KeyAuthenticator {
  constructor(private readonly keys: KeyStore) {}

  /** @throws GatewayError 401 for a key that is unknown, revoked or expired. */
  async authenticate(keyHash: Buffer): Promise<KeyRecord> {
    const key = await this.keys.findByHash(keyHash).catch((cause: unknown) => {
      throw new GatewayError('service_unavailable', undefined, { retryAfterSeconds: 5, cause });
    });
    if (!key) throw new GatewayError('invalid_api_key');
    if (key.revokedAt) throw new GatewayError('revoked_api_key');
    if (key.expiresAt && key.expiresAt <= new Date()) throw new GatewayError('expired_api_key');
    return key;
  }

  async check(keyHash: Buffer): Promise<void> {
    await this.authenticate(keyHash);
  }
}
