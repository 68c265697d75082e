import { type NestExpressApplication } from '@nestjs/platform-express';
import { canonicalUrlMiddleware } from './canonical-url.js';
import { corsOptions } from './cors.js';
import { ErrorFilter } from './error-filter.js';
import type { ExchangeMiddleware } from './exchange.js';
import { requestIdMiddleware } from './request-id.js';
import { securityHeaders } from './security-headers.js';
import { limitServer } from './server-limits.js';

/** Options for `NestFactory.create`: routes read their own bodies. */
export const HTTP_OPTIONS = { bodyParser: false } as const;

/** Call this once, before the application listens. The request id is set early, so that every answer carries it. */
export function configureHttp(
  app: NestExpressApplication,
  options: {
    readonly corsOrigins: readonly string[];
    readonly exchanges: ExchangeMiddleware;
    /** Undefined where wallets cannot pay. */
    readonly buyers: ExchangeMiddleware | undefined;
  },
): void {
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.use(canonicalUrlMiddleware);
  app.use(requestIdMiddleware);
  app.use(options.exchanges);
  if (options.buyers) app.use(options.buyers);
  app.use(securityHeaders);
  const cors = corsOptions(options.corsOrigins);
  if (cors) app.enableCors(cors);
  app.useGlobalFilters(new ErrorFilter());
  limitServer(app.getHttpServer());
}
