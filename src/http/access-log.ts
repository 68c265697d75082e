import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { ErrorCode } from '../base/errors/gateway-error.js';
import type { CallReport, CallReports } from '../payments/call-reports.js';
import { requestIdOf } from './request-id.js';
import { surfaceOf } from './surface.js';

/** Told about every answer; `left` is a client that closed before it had everything. */
export type CountAnswer = (surface: string, status: number | 'left') => void;

/** What is asked again and again by machines, and says nothing of clients. */
const HEALTH = /^\/health\//;

interface Answered {
  readonly status: number | 'left';
  readonly durationMs: number;
}

const LINE = Symbol('line of the access log');

interface Logged {
  [LINE]?: OpenLine;
}

/**
 * One exchange until its line is written: when it is over and the call that it has begun has its end, too. Without a
 * reference to the request: the call that has this would keep all of it from being forgotten.
 */
class OpenLine {
  readonly startedAt = performance.now();
  readonly requestId: string;
  readonly method: string | undefined;
  readonly path: string;
  /** Calls that have begun and not ended. */
  running = 0;
  call: CallReport | undefined;
  /** Set when the answer is over. */
  answer: Answered | undefined;
  /** The code with which the answer refuses, once it does. */
  refusal: ErrorCode | undefined;

  constructor(request: IncomingMessage) {
    this.requestId = requestIdOf(request);
    this.method = request.method;
    [this.path = ''] = (request.url ?? '').split('?', 1);
  }
}

/** The line that will be written of this exchange: what a call has to be begun with to be in it. */
export function lineOf(request: IncomingMessage & Logged): object | undefined {
  return request[LINE];
}

/** What the line of this exchange says of why it was refused. */
export function noteRefusal(request: IncomingMessage & Logged, code: ErrorCode): void {
  const line = request[LINE];
  // What happens after the answer is told to nobody.
  if (line && !line.answer) line.refusal = code;
}

/**
 * One line for each answer, with what its paid call came to, and a count; one line for each paid call that no answer
 * waits for. Never a query, a body or a header.
 */
export class AccessLog {
  constructor(
    private readonly logger: Logger,
    private readonly count: CountAnswer,
    reports: CallReports,
  ) {
    reports.begun.subscribe(({ line }) => {
      if (line instanceof OpenLine) line.running += 1;
    });
    reports.ended.subscribe((report) => this.ended(report));
  }

  readonly middleware = (
    request: IncomingMessage & Logged,
    response: ServerResponse,
    next: () => void,
  ): void => {
    const line = new OpenLine(request);
    request[LINE] = line;
    response.once('close', () => this.answered(line, request, response));
    next();
  };

  private answered(line: OpenLine, request: IncomingMessage, response: ServerResponse): void {
    const status = response.writableFinished ? response.statusCode : 'left';
    this.count(surfaceOf(request), status);
    const durationMs = Math.round(performance.now() - line.startedAt);
    line.answer = { status, durationMs };
    if (line.running === 0) this.write(line);
  }

  private ended(report: CallReport): void {
    const { line, requestId } = report.origin;
    if (!(line instanceof OpenLine)) {
      const durationMs = Math.round(report.durationMs);
      this.logger.info({ requestId, durationMs, ...callFields(report) }, 'call');
      return;
    }
    line.running -= 1;
    line.call = report;
    if (line.running === 0) this.write(line);
  }

  private write({ requestId, method, path, call, answer, refusal }: OpenLine): void {
    if (!answer) return;
    const { status, durationMs } = answer;
    this.logger[HEALTH.test(path) ? 'debug' : 'info'](
      {
        requestId,
        method,
        path,
        status,
        durationMs,
        ...(call && callFields(call)),
        code: refusal ?? call?.errorCode,
      },
      'request',
    );
  }
}

/** What the log says of a paid call. Amounts are atomic USDC, times milliseconds. What is undefined is left out. */
function callFields(report: CallReport): Readonly<Record<string, unknown>> {
  const { model, provider, outcome, errorCode, grant, measurement, receipt, firstWordMs } = report;
  return {
    model,
    provider,
    keyId: grant?.keyId,
    account: grant?.accountId,
    outcome,
    code: errorCode,
    inputTokens: measurement?.usage.inputTokens,
    cachedInputTokens: measurement?.usage.cachedInputTokens,
    outputTokens: measurement?.usage.outputTokens,
    estimated: measurement?.estimated === true || undefined,
    costAtomic: receipt?.finalAmountWei,
    receiptId: receipt?.id,
    firstWordMs: firstWordMs === undefined ? undefined : Math.round(firstWordMs),
  };
}
