import type { Logger } from 'pino';
import type { Answered, CallEnded, Moment } from '../base/moments/moment.js';

/** What is asked again and again by machines, and says nothing of clients. */
const HEALTH = /^\/health\//;

/** What is known of an exchange: its line is written when it is over and the call that it has begun has its end, too. */
interface Line {
  /** Calls that have begun and not ended. */
  running: number;
  call: CallEnded | undefined;
  answer: Answered | undefined;
}

/**
 * One line for each answer, with what its paid call came to; one line for each paid call that no answer waits for.
 * Never a query, a body or a header.
 */
export class AccessLog {
  private readonly lines = new WeakMap<object, Line>();

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
    if (exchange) this.lineOf(exchange).running += 1;
  }

  private ended(call: CallEnded): void {
    if (!call.exchange) {
      const { requestId, durationMs } = call;
      this.logger.info({ requestId, durationMs: Math.round(durationMs), ...callFields(call) }, 'call');
      return;
    }
    const line = this.lineOf(call.exchange);
    line.running -= 1;
    line.call = call;
    this.writeIfOver(line);
  }

  private answered(answer: Answered): void {
    const line = this.lineOf(answer.exchange);
    line.answer = answer;
    this.writeIfOver(line);
  }

  private lineOf(exchange: object): Line {
    const known = this.lines.get(exchange);
    if (known) return known;
    const line = { running: 0, call: undefined, answer: undefined };
    this.lines.set(exchange, line);
    return line;
  }

  private writeIfOver({ running, call, answer }: Line): void {
    if (running > 0 || !answer) return;
    const { requestId, method, path, status, durationMs, code } = answer;
    this.logger[HEALTH.test(path) ? 'debug' : 'info'](
      {
        requestId,
        method,
        path,
        status,
        durationMs: Math.round(durationMs),
        ...(call && callFields(call)),
        code: code ?? call?.code,
      },
      'request',
    );
  }
}

/** What the log says of a paid call. Amounts are atomic USDC, times milliseconds. What is undefined is left out. */
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
