import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import { AppModule } from './app.module.js';
import { Moments } from '../base/moments/moments.js';
import { NoSiblings, type Siblings } from '../base/work/siblings.js';
import type { LoadedConfig } from '../config/config.js';
import { AccessLog } from '../http/access-log.js';
import { buyerMiddleware } from '../http/buyer.js';
import { exchangeMiddleware } from '../http/exchange.js';
import { ExpressServer } from '../http/express-server.js';
import { configureHttp, HTTP_OPTIONS } from '../http/http-application.js';
import { AccessTokens } from '../payments/x402/access-tokens.js';
import { NestLogger } from './logging/nest-logger.js';
import { ResponseSockets } from '../responses/socket/response-sockets.js';

/** The whole gateway on a migrated database, ready to listen. End it with `shutDown`. */
export async function createApplication(
  config: LoadedConfig,
  databaseUrl: string,
  logger: Logger,
  siblings: Siblings = new NoSiblings(),
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.forRoot(config, databaseUrl, siblings),
    new ExpressServer(),
    { ...HTTP_OPTIONS, logger: new NestLogger(logger), abortOnError: false },
  );
  const moments = app.get(Moments);
  moments.subscribe(new AccessLog(requestLogger(logger)).listen);
  const exchanges = exchangeMiddleware(moments);
  const tokens = app.get(AccessTokens);
  const buyers = config.payments.x402 && buyerMiddleware((token) => tokens.open(token));
  configureHttp(app, { corsOrigins: config.corsOrigins, exchanges, buyers });
  app.get(ResponseSockets).attach(app.getHttpServer(), exchanges);
  return app;
}

/** Request lines have a few known fields and no secret, so they skip the costly redaction by field name. */
function requestLogger(logger: Logger): Logger {
  return logger.child({}, { redact: [] });
}
