import { Injectable } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import { Database } from './database.js';
import type { Payer } from '../payments/payer.js';

/** The account that wants to store, by its id or by the payer who holds a key of it. */
export type Storer = { readonly accountId: string } | { readonly payer: Payer };

/** Checks what accounts may store, for writes without a hold; statements that take holds check it themselves. */
@Injectable()
export class StorageRoom {
  constructor(
    private readonly database: Database,
    /** The bound of accounts without a bound of their own. */
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
    const { rows } = await this.database.pool.query<{ has_room: boolean | null }>(
      `SELECT has_room(s.account_id, $2, $3) FROM (${of}) AS s`,
      [value, bytes, this.maxBytes],
    );
    return rows[0]?.has_room !== false;
  }
}
