import { NoSiblings } from '../base/work/siblings.js';
import { wordsForHome } from '../storage/embedded-postgres/data-home.js';
import { startDatabase } from '../storage/start-database.js';
import { gatewayConfig } from './configuration.js';
import { listenForSignals } from './end-signals.js';
import { createLogger } from './logging/create-logger.js';
import { migrate } from './migrate.js';
import { announce, serve } from './serve.js';
import { requireUsableAddress } from './start-failure.js';

/** Runs a gateway in this process from its configuration to its end. @throws the errors that `wordsFor` describes */
export async function run(): Promise<void> {
  const config = gatewayConfig();
  const logger = createLogger(config.log);
  if (config.dataDir !== config.askedDataDir) logger.warn(wordsForHome(config.askedDataDir, config.dataDir));
  const signals = listenForSignals();
  await requireUsableAddress(config.listen);
  const database = await startDatabase({
    url: config.database.url,
    dataDir: config.dataDir,
    log: { info: (message) => logger.info(message), warn: (message) => logger.warn(message) },
  });
  try {
    await migrate(database.url, config.database.directUrl, logger);
    const { port } = config.listen;
    const siblings = new NoSiblings();
    const serving = { config, databaseUrl: database.url, port, logger, signals, siblings };
    await serve(serving, (app) => announce(app, serving));
  } finally {
    await database.stop();
  }
}
