import { describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { migrationsDirectory, readMigrations } from '../../../src/storage/migrations/migrations-directory.js';
import { createTestDatabase } from '../../support/test-database.js';

describe('createTestDatabase', () => {
  it('gives every suite all migrations and none of the others’ data', async () => {
    const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    await one.pool.query('CREATE TABLE mine (id int)');
    await expect(two.pool.query('TABLE mine')).rejects.toThrow('does not exist');
    const { rowCount } = await two.pool.query(
      'SELECT 1 FROM _prisma_migrations WHERE finished_at IS NOT NULL',
    );
    expect(rowCount).toBe((await readMigrations(migrationsDirectory())).length);
    await Promise.all([one.drop(), two.drop()]);
  });

  it('fails a test that leaves a connection open, and removes the database all the same', async () => {
    const database = await createTestDatabase();
    const leaked = new Client({ connectionString: database.url, application_name: 'leaky' });
    leaked.on('error', () => undefined);
    await leaked.connect();
    await expect(database.drop(500)).rejects.toThrow(
      /1 database connection\(s\) were left open:\nleaky, idle/,
    );
    await expect(new Client({ connectionString: database.url }).connect()).rejects.toThrow('does not exist');
    await leaked.end().catch(() => undefined);
  });
});
