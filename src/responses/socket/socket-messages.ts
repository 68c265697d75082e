import { ERRORS, type GatewayError } from '../../base/errors/gateway-error.js';
import type { Surface } from '../../http/surface.js';
import type { Receipt } from '../../base/money/receipt.js';
import type { Outcome } from '../../payments/outcome.js';
import { errorEnvelope } from '../../streaming/openai-wire.js';
import { ownCodeOf } from '../domain/response-error.js';
import type { ResponseEvent } from '../domain/response-event.js';
import { withComposeReceipt } from '../presenter/native-response-presenters.js';
import { plain, ResponseEvents } from '../presenter/response-events.js';
import type { ResponseRun, RunEvent } from '../response-run.js';

/** The message that refuses a client's message, or a response that has not begun. */
export function errorMessage(error: GatewayError, surface: Surface): object {
  return {
    type: 'error',
    status: error.status,
    ...errorEnvelope(error, { withDetails: surface === 'native' }),
  };
}

/** The messages of one run: the events of its stream, and on the native surface `compose.error` and `compose.receipt`. */
export class SocketMessages {
  private readonly events: ResponseEvents;
  private receipt: Receipt | undefined;
  private failed: GatewayError | undefined;
  private shown = false;

  constructor(
    run: ResponseRun,
    private readonly surface: Surface,
  ) {
    this.events = new ResponseEvents(run, surface === 'native' ? withComposeReceipt : plain);
  }

  of(item: Outcome<RunEvent>): readonly object[] {
    if ('receipt' in item) this.receipt = item.receipt;
    if ('failure' in item) this.failed = item.failure;
    const events = this.events.of(item);
    this.shown ||= events.length > 0;
    return events;
  }

  /** Whether the run has begun for its client. One that fails before is refused. */
  get hasShown(): boolean {
    return this.shown;
  }

  /** The last messages of a run that failed. */
  failure(error: GatewayError): readonly object[] {
    return [...this.events.failure(error).map(withStatus), ...this.compose(this.failed ?? error)];
  }

  end(): readonly object[] {
    return [...this.events.end().map(withStatus), ...this.compose(this.failed)];
  }

  private compose(error: GatewayError | undefined): readonly object[] {
    if (this.surface !== 'native') return [];
    const { receipt } = this;
    return [
      ...(error
        ? [{ type: 'compose.error', code: error.code, message: error.message, details: error.details }]
        : []),
      ...(receipt ? [receipt] : []),
    ];
  }
}

/** On a socket every error names its status. */
function withStatus(event: ResponseEvent): object {
  if (event.type !== 'error') return event;
  return { ...event, status: ERRORS[ownCodeOf(event.code)].status };
}
