import type { GatewayError } from '../../base/errors/gateway-error.js';
import type { Receipt } from '../../base/money/receipt.js';
import type { Outcome } from '../../payments/outcome.js';
import { namedFrame } from '../../streaming/frames.js';
import type { HeaderFields, StreamPresenter } from '../../streaming/presenter.js';
import type { LoggedEvent } from '../background/follow.js';
import { errorEvent } from '../domain/error-event.js';
import type { ResponseEvent, TerminalEventBody } from '../domain/response-event.js';
import { eventFrame } from './external-response-presenters.js';
import { plain, type Decorate } from './response-events.js';

export type ReplayOutcome = Outcome<LoggedEvent | ResponseEvent>;

/** Events of a stored response: unchanged from its log, or made from its object. The receipt comes before the end. */
export class ReplayPresenter implements StreamPresenter<ReplayOutcome> {
  private receipt: Receipt | undefined;
  private next = 0;

  constructor(private readonly decorate: Decorate = plain) {}

  headers(): HeaderFields {
    return {};
  }

  frames(item: ReplayOutcome): string {
    if ('receipt' in item) this.receipt = item.receipt;
    if (!('event' in item)) return '';
    const { event } = item;
    if (!('json' in event)) {
      this.next = event.sequence_number + 1;
      return eventFrame(event);
    }
    this.next = event.sequenceNumber + 1;
    return namedFrame(event.type, event.isTerminal && this.receipt ? this.decorated(event) : event.json);
  }

  failure(error: GatewayError): string {
    return eventFrame({ ...errorEvent(error), sequence_number: this.next });
  }

  end(): string {
    return '';
  }

  private decorated({ json }: LoggedEvent): string {
    const event = JSON.parse(json) as ResponseEvent & TerminalEventBody;
    return JSON.stringify({ ...event, response: this.decorate(event.response, this.receipt) });
  }
}
