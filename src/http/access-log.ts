import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { CallReport, CallReports } from '../payments/call-reports.js';
import { callFields } from './call-fields.js';
import { requestIdOf } from './request-id.js';
import { refusalOf } from './send-error.js';
import { surfaceOf } from './surface.js';

/** Told about every answer; `left` is a client that closed before it had everything. */
export type CountAnswer = (surface: string, status: number | 'left') => void;

/** What is asked again and again by machines, and says nothing of clients. */
const HEALTH = /^\/health\//;

/** One exchange until its line is written: when it is over and the call that it has begun has its end, too. */
interface OpenLine {
  /** Calls that have begun and not ended. */
  running: number;
  call: CallReport | undefined;
  /** Set when the answer is over. */
  write: (() => void) | undefined;
}

/**
 * One line for each answer, with what its paid call came to, and a count; one line for each paid call that no answer
 * waits for. Never a query, a body or a header.
 */
export class AccessLog {
  private readonly lines = new WeakMap<object, OpenLine>();

  constructor(
    private readonly logger: Logger,
    private readonly count: CountAnswer,
    reports: CallReports,
  ) {
    reports.begun.subscribe(({ exchange }) => {
      const line = exchange && this.lines.get(exchange);
      if (line) line.running += 1;
    });
    reports.ended.subscribe((report) => this.ended(report));
  }

  readonly middleware = (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const startedAt = performance.now();
    const [path = ''] = (request.url ?? '').split('?', 1);
    const line: OpenLine = { running: 0, call: undefined, write: undefined };
    this.lines.set(request, line);
    response.once('close', () => {
      const status = response.writableFinished ? response.statusCode : 'left';
      this.count(surfaceOf(request), status);
      const durationMs = Math.round(performance.now() - startedAt);
      line.write = () => {
        const refusal = refusalOf(response);
        const fields = { requestId: requestIdOf(request), method: request.method, path, status, durationMs };
        this.logger[HEALTH.test(path) ? 'debug' : 'info'](
          { ...fields, ...(refusal && { code: refusal }), ...(line.call && callFields(line.call)) },
          'request',
        );
      };
      if (line.running === 0) line.write();
    });
    next();
  };

  private ended(report: CallReport): void {
    const { exchange, requestId } = report.payer;
    const line = exchange && this.lines.get(exchange);
    if (!line) {
      const durationMs = Math.round(report.durationMs);
      this.logger.info({ requestId, durationMs, ...callFields(report) }, 'call');
      return;
    }
    line.running -= 1;
    line.call = report;
    if (line.running === 0) line.write?.();
  }
}
