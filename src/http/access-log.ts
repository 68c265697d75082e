import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { requestIdOf } from './request-id.js';
import { surfaceOf } from './surface.js';

/** Told about every answer; `left` is a client that closed before it had everything. */
export type CountAnswer = (surface: string, status: number | 'left') => void;

/** One line for each answer when it is over, and a count. Never a query, a body or a header. */
export function accessLog(logger: Logger, count: CountAnswer) {
  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const startedAt = performance.now();
    const [path] = (request.url ?? '').split('?', 1);
    response.once('close', () => {
      const status = response.writableFinished ? response.statusCode : 'left';
      count(surfaceOf(request), status);
      const durationMs = Math.round(performance.now() - startedAt);
      logger.info(
        { requestId: requestIdOf(request), method: request.method, path, status, durationMs },
        'request',
      );
    });
    next();
  };
}
