import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import { AppModule } from './app.module.js';
import type { LoadedConfig } from '../config/config.js';
import { AccessLog } from '../http/access-log.js';
import { configureHttp, HTTP_OPTIONS } from '../http/http-application.js';
import { NestLogger } from './logging/nest-logger.js';
import { Metrics } from './metrics/metrics.js';
import { CallReports } from '../payments/call-reports.js';
import { ResponseSockets } from '../responses/socket/response-sockets.js';

/** The whole gateway on a migrated database, ready to listen. To be ended by `shutDown`. */
export async function createApplication(
  config: LoadedConfig,
  databaseUrl: string,
  logger: Logger,
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.forRoot(config, databaseUrl), {
    ...HTTP_OPTIONS,
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  const metrics = app.get(Metrics);
  const count = (surface: string, status: number | 'left'): void => metrics.countAnswer(surface, status);
  const log = new AccessLog(requestLogger(logger), count, app.get(CallReports)).middleware;
  configureHttp(app, {
    corsOrigins: config.corsOrigins,
    accessLog: log,
  });
  app.get(ResponseSockets).attach(app.getHttpServer(), log);
  return app;
}

/** Its lines have a few known fields and no secret, so they skip the costly redaction by field name. */
function requestLogger(logger: Logger): Logger {
  return logger.child({}, { redact: [] });
}
