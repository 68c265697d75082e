import { Injectable } from '@nestjs/common';
import { UsageSums } from '../../payments/receipts/usage-sums.js';
import { Database } from '../database.js';

@Injectable()
export class PostgresUsageSums extends UsageSums {
  constructor(private readonly database: Database) {
    super();
  }

  async add(limit: number): Promise<boolean> {
    const { rows } = await this.database.pool.query<{ more: boolean }>('SELECT sum_up_usage($1) AS more', [
      limit,
    ]);
    return rows[0]?.more ?? false;
  }
}
