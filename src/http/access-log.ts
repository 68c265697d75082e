import type { Logger } from 'pino';
import type { Answered, CallEnded, Moment } from '../base/moments/moment.js';
import { Exchange } from './exchange.js';

/** Machines ask for these again and again; such requests say nothing about clients. */
const HEALTH = /^\/health\//;

/**
 * Writes one line for each answer, with the outcome of its paid call, and one line for each paid call that no answer
 * waits for. Never logs a query, a body or a header.
 */
export class AccessLog {
  constructor(private readonly logger: Logger) {}

  readonly listen = (moment: Moment): void => {
    switch (moment.type) {
      case 'received':
        return this.received(moment.exchange);
      case 'settled':
      case 'released':
      case 'refused':
        return this.ended(moment);
      case 'answered':
        return this.answered(moment);
      default:
    }
  };

  private received(exchange: object | undefined): void {
    if (exchange instanceof Exchange) exchange.running += 1;
  }

  private ended(call: CallEnded): void {
    const { exchange, requestId, durationMs } = call;
    if (!(exchange instanceof Exchange)) {
      this.logger.info({ requestId, durationMs: Math.round(durationMs), ...callFields(call) }, 'call');
      return;
    }
    exchange.running -= 1;
    exchange.callFields = callFields(call);
    this.writeIfOver(exchange);
  }

  private answered({ exchange, status, code, durationMs }: Answered): void {
    if (!(exchange instanceof Exchange)) return;
    exchange.answer = { status, code, durationMs };
    this.writeIfOver(exchange);
  }

  /** Writes when the answer is over and the call that the request began has ended, too. */
  private writeIfOver({ requestId, method, path, running, callFields, answer }: Exchange): void {
    if (running > 0 || !answer) return;
    const { status, code, durationMs } = answer;
    this.logger[HEALTH.test(path) ? 'debug' : 'info'](
      {
        requestId,
        method,
        path,
        status,
        durationMs: Math.round(durationMs),
        ...callFields,
        code: code ?? callFields?.['code'],
      },
      'request',
    );
  }
}

/** The log fields of a paid call. Amounts are atomic USDC, times milliseconds. Undefined fields are left out. */
function callFields(call: CallEnded): Readonly<Record<string, unknown>> {
  const { model, provider, keyId, account, outcome, code, usage, estimated, firstEventMs } = call;
  return {
    model,
    provider,
    keyId,
    account,
    outcome,
    code,
    inputTokens: usage?.inputTokens,
    cachedInputTokens: usage?.cachedInputTokens,
    outputTokens: usage?.outputTokens,
    estimated: estimated || undefined,
    costAtomic: call.costAtomic,
    receiptId: call.receiptId,
    firstWordMs: firstEventMs === undefined ? undefined : Math.round(firstEventMs),
  };
}
