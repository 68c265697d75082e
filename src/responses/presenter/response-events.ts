import type { GatewayError } from '../../base/errors/gateway-error.js';
import type { Receipt } from '../../base/money/receipt.js';
import type { Outcome } from '../../payments/outcome.js';
import type { ResponseEvent } from '../domain/response-event.js';
import type { ResponseObject } from '../domain/response.js';
import type { ResponseRun, RunEvent } from '../response-run.js';

/** What one surface adds to the object of a run that has ended. */
export type Decorate = (response: ResponseObject, receipt: Receipt | undefined) => ResponseObject;

export const plain: Decorate = (response) => response;

/** The events of a run, for any transport. The last ones are shown when the run is settled and stored. */
export class ResponseEvents {
  private receipt: Receipt | undefined;

  constructor(
    private readonly run: ResponseRun,
    private readonly decorate: Decorate,
  ) {}

  /** The events of this outcome. */
  of(item: Outcome<RunEvent>): readonly ResponseEvent[] {
    if ('receipt' in item) this.receipt = item.receipt;
    return 'event' in item && item.event.type !== 'opened' ? [item.event] : [];
  }

  /** The last events of a run that failed. */
  failure(error: GatewayError): readonly ResponseEvent[] {
    const { events, terminal } = this.run.closing(error);
    return [...events, terminal];
  }

  /** The last events of a run that did not fail. */
  end(): readonly ResponseEvent[] {
    const { events, terminal } = this.run.closing();
    return [...events, { ...terminal, response: this.decorate(terminal.response, this.receipt) }];
  }
}
