import { gatewayConfig } from './configuration.js';
import { createLogger } from './logging/create-logger.js';
import type { Signals } from './serve.js';
import { requireUsableAddress } from './start-failure.js';
import { wordsForHome } from '../storage/embedded-postgres/data-home.js';
import { applyMigrations } from '../storage/migrations/apply-migrations.js';
import { startDatabase } from '../storage/start-database.js';

/** Terminals and npm may deliver one Ctrl-C twice, so only a later one means "hurry". */
const SECOND_SIGNAL_AFTER_MS = 1_000;

/** Runs a gateway from its configuration to its end. @throws the errors that `wordsFor` describes */
export async function run(): Promise<void> {
  const config = gatewayConfig();
  const logger = createLogger(config.log);
  if (config.dataDir !== config.askedDataDir) logger.warn(wordsForHome(config.askedDataDir, config.dataDir));
  const signals = listenForSignals();
  await requireUsableAddress(config.listen);
  const loading = import('./serve.js');
  // Awaited below, unless the database fails before.
  loading.catch(() => undefined);
  const database = await startDatabase({
    url: config.database.url,
    dataDir: config.dataDir,
    log: { info: (message) => logger.info(message), warn: (message) => logger.warn(message) },
  });
  try {
    await applyMigrations(database.url);
    const { serve } = await loading;
    await serve({ config, database, logger, signals });
  } finally {
    await database.stop();
  }
}

/** Listens from the very start, so that a signal during start also ends the process in order. */
function listenForSignals(): Signals {
  const hurry = new AbortController();
  let firstAt: number | undefined;
  const first = new Promise<void>((resolve) => {
    const onSignal = (): void => {
      if (firstAt !== undefined && performance.now() - firstAt > SECOND_SIGNAL_AFTER_MS) hurry.abort();
      firstAt ??= performance.now();
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
  return { first, second: hurry.signal };
}
