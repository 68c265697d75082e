import { afterEach, beforeEach, expect } from '@jest/globals';
import type { Pool } from 'pg';
import { expectSoundBooks } from './books.js';
import {
  GatewayProcess,
  removeDirectory,
  scratchDirectory,
  testEnvironment,
  type ProcessOptions,
} from './gateway-process.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';

/** To be called when all who have calls are dead: nobody waits for the ends of their leases. */
export async function endLeasesOfHolders(pool: Pool): Promise<void> {
  await pool.query(
    'UPDATE gateway_processes SET lease_expires_at = now() WHERE id IN (SELECT process_id FROM holds)',
  );
}

/**
 * Replicas as processes of their own, on a database and in a directory that each test gets anew. After each test they
 * are killed and the books are checked.
 */
export class GatewayProcesses {
  database!: TestDatabase;
  directory!: string;

  private constructor(private readonly environment: Readonly<Record<string, string>>) {}

  /** To be called where tests are described; `environment` is that of every process. */
  static forEachTest(environment: Readonly<Record<string, string>> = {}): GatewayProcesses {
    const processes = new GatewayProcesses(environment);
    beforeEach(() => processes.prepare());
    afterEach(() => processes.clear());
    return processes;
  }

  get pool(): Pool {
    return this.database.pool;
  }

  /** @param url another way to the same database */
  start({
    url = this.database.url,
    environment = {},
    ...rest
  }: Omit<ProcessOptions, 'directory'> & { url?: string } = {}): Promise<GatewayProcess> {
    return GatewayProcess.start({
      directory: this.directory,
      environment: testEnvironment(url, { ...this.environment, ...environment }),
      ...rest,
    });
  }

  /**
   * Its lease ends with it where no other one lives. So it can have a long one, which it does not lose by itself on a busy
   * machine, and nobody waits for its end.
   */
  async kill(gateway: GatewayProcess): Promise<void> {
    await gateway.kill();
    if (!GatewayProcess.isAnyRunning)
      await this.pool.query('UPDATE gateway_processes SET lease_expires_at = now()');
  }

  /** Kills the only one that holds anything, whose lease ends with it, however many others live. */
  async killHolder(gateway: GatewayProcess): Promise<void> {
    const { rows } = await this.pool.query<{ process_id: string }>('SELECT DISTINCT process_id FROM holds');
    expect(rows).toHaveLength(1);
    await gateway.kill();
    await this.pool.query('UPDATE gateway_processes SET lease_expires_at = now() WHERE id = $1', [
      rows[0]?.process_id,
    ]);
  }

  private async prepare(): Promise<void> {
    this.database = await createTestDatabase();
    this.directory = await scratchDirectory();
  }

  private async clear(): Promise<void> {
    await GatewayProcess.endAll();
    await expectSoundBooks(this.pool);
    await this.database.drop();
    await removeDirectory(this.directory);
  }
}
