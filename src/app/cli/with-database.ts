import { commandConfig } from '../configuration.js';
import type { CommandConfig } from '../../config/load-config.js';
import { Database } from '../../storage/database.js';
import { runningEmbeddedPostgres } from '../../storage/embedded-postgres/running.js';
import { urlForStart } from '../../storage/servers/url-for-start.js';
import { requireMigrated } from '../../storage/migrations/require-migrated.js';

export interface Opened {
  readonly database: Database;
  readonly url: string;
  readonly config: CommandConfig;
}

/**
 * Works on the gateway's database: the one of `DATABASE_URL`, else the embedded one of a gateway that is running on
 * `DATA_DIR`.
 *
 * @throws StartError when the configuration is wrong, or the database is unreachable or of another version
 */
export async function withDatabase<Result>(work: (opened: Opened) => Promise<Result>): Promise<Result> {
  const config = commandConfig();
  const url = config.database.url ?? (await runningEmbeddedPostgres(config.dataDir));
  if (url === undefined) {
    throw new Error(
      `No gateway is running on ${config.dataDir}, so its database is not either. Start it, or set DATABASE_URL or DATA_DIR.`,
    );
  }
  await requireMigrated(await urlForStart(url));
  const database = new Database(url, config.database);
  try {
    return await work({ database, url, config });
  } finally {
    await database.close();
  }
}
