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
import type { ApiKey, PrismaClient } from '../generated/client.js';
import { RowStatements } from '../row-statements.js';
import { anyKey, countRequest, findKey } from './postgres-key-checks.js';

/** Prisma's error code for an update of a row that does not exist. */
const RECORD_NOT_FOUND = 'P2025';

/** Payers that operators manage: wallets have rows in the table too. */
const KEYS = { wallet: null };

/** What operators do with keys. Statements that requests wait for are SQL. */
@Injectable()
export class PrismaKeyStore extends KeyStore {
  private readonly statements: RowStatements;

  constructor(private readonly database: Database) {
    super();
    this.statements = new RowStatements(database.pool);
  }

  async create({ id, accountId, payer, settings }: Parameters<KeyStore['create']>[0]): Promise<KeyRecord> {
    const { allowedModels, ...rest } = settings;
    // Not connectOrCreate, which looks first: two keys for one new account would both create it, and one would fail.
    // Not one transaction either: Prisma waits only two seconds for its start, which is too short on a busy machine;
    // and an account without a key does no harm.
    const { account, apiKey } = await this.database.prisma();
    await account.createMany({ data: [{ id: accountId }], skipDuplicates: true });
    const row = await apiKey.create({
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

  findFor({ hash }: Payer): Promise<KeyRecord | undefined> {
    return findKey(this.database.pool, hash);
  }

  any(): Promise<boolean> {
    return anyKey(this.database.pool);
  }

  countRequest(id: string): Promise<number | undefined> {
    return countRequest(this.statements, id);
  }

  async find(id: string): Promise<KeyRecord | undefined> {
    const table = await this.table();
    const row = await table.findUnique({ where: { id, ...KEYS } });
    return row ? recordOf(row) : undefined;
  }

  async page({ limit, order, after, accountId }: KeyPageRequest): Promise<KeyPage> {
    const table = await this.table();
    const rows = await table.findMany({
      orderBy: [{ createdAt: order }, { id: order }],
      take: limit + 1,
      where: { ...KEYS, ...(accountId === undefined ? {} : { accountId }) },
      ...(after === undefined ? {} : { cursor: { id: after }, skip: 1 }),
    });
    return { keys: rows.slice(0, limit).map(recordOf), hasMore: rows.length > limit };
  }

  update(id: string, { allowedModels, ...rest }: Partial<KeySettings>): Promise<KeyRecord | undefined> {
    const data = { ...rest, ...(allowedModels ? { allowedModels: [...allowedModels] } : {}) };
    return this.change((table) => table.update({ where: { id, ...KEYS }, data }));
  }

  async revoke(id: string): Promise<KeyRecord | undefined> {
    const table = await this.table();
    await table.updateMany({ where: { id, ...KEYS, revokedAt: null }, data: { revokedAt: new Date() } });
    return this.find(id);
  }

  private async change(
    run: (table: PrismaClient['apiKey']) => Promise<ApiKey>,
  ): Promise<KeyRecord | undefined> {
    const table = await this.table();
    try {
      return recordOf(await run(table));
    } catch (failure) {
      if ((failure as { code?: unknown }).code === RECORD_NOT_FOUND) return undefined;
      throw failure;
    }
  }

  private async table(): Promise<PrismaClient['apiKey']> {
    return (await this.database.prisma()).apiKey;
  }
}

function recordOf({
  keyHash: _hash,
  rateArrivalAt: _arrival,
  wallet: _wallet,
  moved: _moved,
  ...row
}: ApiKey): KeyRecord {
  return row;
}
