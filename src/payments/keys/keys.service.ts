import { Injectable } from '@nestjs/common';
import { newId } from '../../ids.js';
import { hashApiKey, newApiKey } from './api-key.js';
import { KeyStore, type KeyRecord, type KeySettings } from './key-store.js';

export interface CreatedKey {
  readonly record: KeyRecord;
  /** The key itself, which cannot be had again. */
  readonly key: string;
}

@Injectable()
export class KeysService {
  constructor(private readonly store: KeyStore) {}

  async create(accountId: string, settings: KeySettings): Promise<CreatedKey> {
    const key = newApiKey();
    const record = await this.store.create({
      id: newId('key'),
      accountId,
      keyHash: hashApiKey(key),
      settings,
    });
    return { record, key };
  }
}
