import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import type { Siblings } from '../base/work/siblings.js';
import type { LoadedConfig } from '../config/config.js';
import { KeysService } from '../payments/keys/keys.service.js';
import { createApplication } from './application.js';
import type { EndSignals } from './end-signals.js';
import { shutDown } from './shutdown.js';
import { listen } from './start-failure.js';
import { WarmUp } from './warm-up.js';
import { welcome } from './welcome.js';

export interface Serving {
  readonly config: LoadedConfig;
  /** Migrated. */
  readonly databaseUrl: string;
  /** Where it listens, on the host of the configuration. */
  readonly port: number;
  readonly logger: Logger;
  readonly signals: EndSignals;
  readonly siblings: Siblings;
}

/**
 * Serves until a signal, and ends in order.
 * @param onListening a failure of it ends the process like one of the start
 */
export async function serve(
  { config, databaseUrl, port, logger, signals, siblings }: Serving,
  onListening: (app: NestExpressApplication) => void | Promise<void>,
): Promise<void> {
  const app = await createApplication(config, databaseUrl, logger, siblings);
  try {
    await listen(app, { ...config.listen, port });
    app.get(WarmUp).begin();
    await onListening(app);
  } catch (failure) {
    await shutDown(app, { graceMs: 0, hurry: AbortSignal.abort() });
    throw failure;
  }
  await signals.first;
  logger.info('draining: no new work is taken, running calls may finish');
  await shutDown(app, { graceMs: config.shutdownGraceMs, hurry: signals.second });
}

/** Makes the first key of a gateway with a database of its own, and says where the gateway listens. */
export async function announce(
  app: NestExpressApplication,
  { config, databaseUrl }: Pick<Serving, 'config' | 'databaseUrl'>,
): Promise<void> {
  const isEmbedded = config.database.url === undefined;
  const firstKey = isEmbedded ? await app.get(KeysService).createFirst() : undefined;
  process.stdout.write(welcome({ config, address: await app.getUrl(), databaseUrl, firstKey }));
}
