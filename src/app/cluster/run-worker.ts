import { setTimeout as delay } from 'node:timers/promises';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { gatewayConfig } from '../configuration.js';
import { EndSignals } from '../end-signals.js';
import { createLogger } from '../logging/create-logger.js';
import { announce, serve, type Serving } from '../serve.js';
import type { MetricJson } from './counter-sums.js';
import { PrimaryLink } from './primary-link.js';

/** For the primary to take what this worker has counted. */
const LAST_WORDS_MS = 1_000;

/** Runs one of several workers, from its configuration to its end. @throws the errors that `wordsFor` describes */
export async function runWorker(): Promise<void> {
  const signals = listenForEnd();
  const link = new PrimaryLink(signals);
  const config = gatewayConfig();
  const { listen, dataDir, askedDataDir, log, shutdownGraceMs } = config;
  const hasFile = config.catalogFile !== undefined;
  const { url: databaseUrl, directUrl } = config.database;
  const needs = { listen, databaseUrl, directUrl, dataDir, askedDataDir, log, shutdownGraceMs, hasFile };
  await link.tell({ type: 'configured', needs });
  const beginning = await Promise.race([link.begin, signals.first]);
  if (!beginning) return;
  const serving: Serving = {
    ...{ config, databaseUrl: beginning.databaseUrl, port: beginning.port },
    ...{ logger: createLogger(config.log), signals, siblings: link },
  };
  await serve(serving, async (app) => {
    await link.tell({ type: 'serving' });
    await Promise.race([link.announce.then(() => announceFor(app, serving, link)), signals.first]);
  });
  const metrics = (await link.own('metrics')) as readonly MetricJson[];
  await Promise.race([link.tell({ type: 'counted', metrics }), delay(LAST_WORDS_MS)]);
}

async function announceFor(app: NestExpressApplication, serving: Serving, link: PrimaryLink): Promise<void> {
  await announce(app, serving);
  await link.tell({ type: 'announced' });
}

/** A Ctrl-C reaches all processes of a terminal; the primary passes it on. Who ends one worker sends it a SIGTERM. */
function listenForEnd(): EndSignals {
  const signals = new EndSignals();
  process.on('SIGTERM', signals.hear);
  process.on('SIGINT', () => undefined);
  return signals;
}
