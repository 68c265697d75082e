import { createApplication } from './application.js';
import { gatewayConfig } from './configuration.js';
import { createLogger } from './logging/create-logger.js';
import { KeysService } from '../payments/keys/keys.service.js';
import { shutDown } from './shutdown.js';
import { listen, requireUsableAddress } from './start-failure.js';
import { wordsForHome } from '../storage/embedded-postgres/data-home.js';
import { applyMigrations } from '../storage/migrations/apply-migrations.js';
import { startDatabase } from '../storage/start-database.js';
import { WarmUp } from './warm-up.js';
import { welcome } from './welcome.js';

/** Terminals and npm may deliver one Ctrl-C twice, so only a later one means "hurry". */
const SECOND_SIGNAL_AFTER_MS = 1_000;

/** Runs a gateway from its configuration to its end. @throws the errors that `wordsFor` describes */
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
    await applyMigrations(database.url);
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
    process.stdout.write(
      welcome({ config, address: await app.getUrl(), databaseUrl: database.url, firstKey }),
    );

    await signals.first;
    logger.info('draining: no new work is taken, running calls may finish');
    await shutDown(app, { graceMs: config.shutdownGraceMs, hurry: signals.second });
  } finally {
    await database.stop();
  }
}

/** Listens from the very start, so that a signal during start also ends the process in order. */
function listenForSignals(): { readonly first: Promise<void>; readonly second: AbortSignal } {
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
