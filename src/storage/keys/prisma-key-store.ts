import { Injectable } from '@nestjs/common';
import {
  KeyStore,
  type KeyPage,
  type KeyPageRequest,
  type KeyRecord,
  type KeySettings,
} from '../../payments/keys/key-store.js';
import type { Payer } from '../../payments/payer.js';
import { Database } from '../database.js';
import type { ApiKey } from '../generated/client.js';

/** What Prisma answers when the row of an update does not exist. */
const RECORD_NOT_FOUND = 'P2025';

/**
 * A key without a limit, or that was revoked in between, has no row in the answer: there is nothing to wait for. The
 * time is that at which the key's row is locked, as in `take_holds`: what was counted while this waited for the row
 * came before it.
 */
const COUNT_REQUEST = `
WITH key AS MATERIALIZED (
  SELECT id, rate_arrival_at, rate_limit_rpm FROM api_keys WHERE id = $1 AND rate_limit_rpm IS NOT NULL FOR UPDATE),
clock AS MATERIALIZED (SELECT k.*, clock_timestamp() AS moment FROM key k),
request AS (
  SELECT id, greatest(rate_arrival_at, moment) + make_interval(secs => 60.0 / rate_limit_rpm) AS arrival,
         moment + interval '60 seconds' AS latest
  FROM clock),
counted AS (
  UPDATE api_keys k SET rate_arrival_at = r.arrival FROM request r WHERE k.id = r.id AND r.arrival <= r.latest)
SELECT ceil(extract(epoch FROM arrival - latest) * 1000)::integer AS wait_ms FROM request WHERE arrival > latest`;

@Injectable()
export class PrismaKeyStore extends KeyStore {
  constructor(private readonly database: Database) {
    super();
  }

  async create({ id, accountId, payer, settings }: Parameters<KeyStore['create']>[0]): Promise<KeyRecord> {
    const { allowedModels, ...rest } = settings;
    // Not connectOrCreate, which looks first: two keys for one new account would both make it, and one would fail.
    // Not one transaction either: Prisma gives up waiting for its start after two seconds, which a busy machine takes;
    // and an account without a key harms nobody.
    await this.database.prisma.account.createMany({ data: [{ id: accountId }], skipDuplicates: true });
    const row = await this.table.create({
      data: {
        id,
        accountId,
        keyHash: Uint8Array.from(payer.hash),
        ...rest,
        allowedModels: [...allowedModels],
      },
    });
    return recordOf(row);
  }

  async findFor(payer: Payer): Promise<KeyRecord | undefined> {
    const row = await this.table.findUnique({ where: { keyHash: Uint8Array.from(payer.hash) } });
    return row ? recordOf(row) : undefined;
  }

  async countRequest(id: string): Promise<number | undefined> {
    const { rows } = await this.database.pool.query<{ wait_ms: number }>({
      name: 'count_request',
      text: COUNT_REQUEST,
      values: [id],
    });
    return rows[0]?.wait_ms;
  }

  async find(id: string): Promise<KeyRecord | undefined> {
    const row = await this.table.findUnique({ where: { id } });
    return row ? recordOf(row) : undefined;
  }

  async page({ limit, order, after, accountId }: KeyPageRequest): Promise<KeyPage> {
    const rows = await this.table.findMany({
      orderBy: [{ createdAt: order }, { id: order }],
      take: limit + 1,
      ...(accountId === undefined ? {} : { where: { accountId } }),
      ...(after === undefined ? {} : { cursor: { id: after }, skip: 1 }),
    });
    return { keys: rows.slice(0, limit).map(recordOf), hasMore: rows.length > limit };
  }

  update(id: string, { allowedModels, ...rest }: Partial<KeySettings>): Promise<KeyRecord | undefined> {
    const data = { ...rest, ...(allowedModels ? { allowedModels: [...allowedModels] } : {}) };
    return this.change(() => this.table.update({ where: { id }, data }));
  }

  async revoke(id: string): Promise<KeyRecord | undefined> {
    await this.table.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: new Date() } });
    return this.find(id);
  }

  private async change(run: () => Promise<ApiKey>): Promise<KeyRecord | undefined> {
    try {
      return recordOf(await run());
    } catch (failure) {
      if ((failure as { code?: unknown }).code === RECORD_NOT_FOUND) return undefined;
      throw failure;
    }
  }

  private get table(): Database['prisma']['apiKey'] {
    return this.database.prisma.apiKey;
  }
}

function recordOf({ keyHash: _keyHash, rateArrivalAt: _arrival, ...row }: ApiKey): KeyRecord {
  return row;
}
