import type { Logger } from 'pino';
import type { LoadedConfig } from '../config/config.js';
import { KeysService } from '../payments/keys/keys.service.js';
import type { Database } from '../storage/start-database.js';
import { createApplication } from './application.js';
import { shutDown } from './shutdown.js';
import { listen } from './start-failure.js';
import { WarmUp } from './warm-up.js';
import { welcome } from './welcome.js';

/** What asks the process to end. */
export interface Signals {
  readonly first: Promise<void>;
  /** Aborts when somebody asks again. */
  readonly second: AbortSignal;
}

interface Surroundings {
  readonly config: LoadedConfig;
  /** Up to date. */
  readonly database: Database;
  readonly logger: Logger;
  readonly signals: Signals;
}

/** Serves until the first signal, then shuts down. @throws as `listen` */
export async function serve({ config, database, logger, signals }: Surroundings): Promise<void> {
  const app = await createApplication(config, database.url, logger);
  let firstKey: string | undefined;
  try {
    await listen(app, config.listen);
    app.get(WarmUp).begin();
    if (database.embedded) firstKey = await app.get(KeysService).createFirst();
  } catch (failure) {
    await shutDown(app, { graceMs: 0, hurry: AbortSignal.abort() });
    throw failure;
  }
  process.stdout.write(welcome({ config, address: await app.getUrl(), databaseUrl: database.url, firstKey }));

  await signals.first;
  logger.info('draining: no new work is taken, running calls may finish');
  await shutDown(app, { graceMs: config.shutdownGraceMs, hurry: signals.second });
}
