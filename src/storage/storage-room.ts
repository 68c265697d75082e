import { Injectable } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import { Database } from './database.js';
import type { Payer } from '../payments/payer.js';

/** Who wants to store: an account, or whose key it is. */
export type Storer = { readonly accountId: string } | { readonly payer: Payer };

/** What accounts may store, for whoever writes without a hold; statements that take holds look by themselves. */
@Injectable()
export class StorageRoom {
  constructor(
    private readonly database: Database,
    /** For accounts without a bound of their own. */
    readonly maxBytes: number,
  ) {}

  /** @throws GatewayError storage_limit_exceeded when there is no room for so many bytes */
  async require(storer: Storer, bytes: number): Promise<void> {
    if (!(await this.hasRoom(storer, bytes))) throw new GatewayError('storage_limit_exceeded');
  }

  async hasRoom(storer: Storer, bytes: number): Promise<boolean> {
    const [of, value] =
      'accountId' in storer
        ? ['SELECT $1::text AS account_id', storer.accountId]
        : ['SELECT account_id FROM api_keys WHERE key_hash = $1', storer.payer.hash];
    const { rows } = await this.database.pool.query<{ is_full: boolean | null }>(
      `SELECT storage_is_full(s.account_id, $2, $3) AS is_full FROM (${of}) AS s`,
      [value, bytes, this.maxBytes],
    );
    return rows[0]?.is_full !== true;
  }
}
