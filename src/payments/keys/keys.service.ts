import { Injectable } from '@nestjs/common';
import { newId } from '../../base/ids.js';
import { Payer } from '../payer.js';
import { newApiKey } from './api-key.js';
import { KeyStore, NO_LIMITS, type KeyRecord, type KeySettings } from './key-store.js';

export interface CreatedKey {
  readonly record: KeyRecord;
  /** The key itself, which cannot be shown again. */
  readonly key: string;
}

const FIRST_ACCOUNT = 'default';
/** 10 USDC, in atomic units. */
const FIRST_BUDGET = 10_000_000n;

@Injectable()
export class KeysService {
  constructor(private readonly store: KeyStore) {}

  async create(accountId: string, settings: KeySettings): Promise<CreatedKey> {
    const key = newApiKey();
    const record = await this.store.create({
      id: newId('key'),
      accountId,
      payer: Payer.ofKey(key),
      settings,
    });
    return { record, key };
  }

  /** For one process with its own database, so that its owner can begin. @returns nothing when there is a key. */
  async createFirst(): Promise<string | undefined> {
    if (await this.store.any()) return undefined;
    const { key } = await this.create(FIRST_ACCOUNT, {
      ...NO_LIMITS,
      name: 'first key',
      budgetLimit: FIRST_BUDGET,
    });
    return key;
  }
}
