import { Injectable } from '@nestjs/common';
import { TokenSecretStore } from '../payments/x402/token-secret-store.js';
import { Database } from './database.js';

/** An upsert, since a plain insert that meets another one does not see what that has written. */
const KEEP_OR_FIND = `INSERT INTO access_token_secrets AS kept (id, secret) VALUES (1, $1)
  ON CONFLICT (id) DO UPDATE SET secret = kept.secret RETURNING secret`;

@Injectable()
export class PostgresTokenSecretStore extends TokenSecretStore {
  constructor(private readonly database: Database) {
    super();
  }

  async keepOrFind(offered: Buffer): Promise<Buffer> {
    const { rows } = await this.database.pool.query<{ secret: Buffer }>(KEEP_OR_FIND, [offered]);
    const [row] = rows;
    if (!row) throw new Error('the secret was not written');
    return row.secret;
  }
}
