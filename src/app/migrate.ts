import type { Logger } from 'pino';
import { applyMigrations } from '../storage/migrations/apply-migrations.js';
import { lookAtServer } from '../storage/pooled-connection.js';
import { urlForStart } from '../storage/servers/url-for-start.js';

/**
 * Brings the schema up to date, and tells the operator of a pooler on the way to the database.
 * @throws as `applyMigrations`
 */
export async function migrate(
  databaseUrl: string,
  directUrl: string | undefined,
  logger: Logger,
): Promise<void> {
  const find = (url: string) => urlForStart(url, (words) => logger.warn(words));
  await applyMigrations(await find(directUrl ?? databaseUrl));
  const { isPooled, isBounded } = await lookAtServer(await find(databaseUrl));
  if (!isPooled) return;
  logger.info(
    'PostgreSQL is reached through a pooler: statements are prepared without names, unless PREPARED_STATEMENTS is on.',
  );
  if (isBounded) return;
  logger.warn(
    'No statement_timeout holds behind the pooler, so PostgreSQL goes on with statements that the gateway has given up. Let the pooler begin its sessions with: SET statement_timeout = 10000',
  );
}
