import type { GatewayError } from '../../errors/gateway-error.js';
import type { Receipt } from '../../payments/domain/receipt.js';
import type { Outcome } from '../../payments/outcome.js';
import { namedFrame } from '../../streaming/frames.js';
import type { BodyPresenter, HeaderFields, StreamPresenter } from '../../streaming/presenter.js';
import { errorEvent } from '../domain/error-event.js';
import type { ResponseEvent, TerminalEventBody } from '../domain/response-event.js';
import type { ResponseObject } from '../domain/response.js';
import type { ResponseRun, RunEvent } from '../response-run.js';

/** What one surface adds to the object of a run that has ended. */
export type Decorate = (response: ResponseObject, receipt: Receipt | undefined) => ResponseObject;

export const plain: Decorate = (response) => response;

export function eventFrame(event: ResponseEvent): string {
  return namedFrame(event.type, JSON.stringify(event));
}

/** The events of a run. The last ones are shown when the run is settled and stored. */
export class ResponseStreamPresenter implements StreamPresenter<Outcome<RunEvent>> {
  private receipt: Receipt | undefined;

  constructor(
    private readonly run: ResponseRun,
    private readonly decorate: Decorate = plain,
  ) {}

  headers(): HeaderFields {
    return {};
  }

  frames(item: Outcome<RunEvent>): string {
    if ('receipt' in item) this.receipt = item.receipt;
    return 'event' in item && item.event.type !== 'opened' ? eventFrame(item.event) : '';
  }

  failure(error: GatewayError): string {
    const { events, terminal } = this.run.closing(error);
    const shown = events.map(eventFrame).join('');
    if (terminal.response.status === 'failed') return shown + eventFrame(terminal);
    return shown + notStored(terminal, error).map(eventFrame).join('');
  }

  end(): string {
    const { events, terminal } = this.run.closing();
    const response = this.decorate(terminal.response, this.receipt);
    return events.map(eventFrame).join('') + eventFrame({ ...terminal, response });
  }
}

/** One Response. A failure is thrown: an answer has one status. */
export class ResponseBodyPresenter implements BodyPresenter<Outcome<RunEvent>> {
  constructor(private readonly run: ResponseRun) {}

  add(item: Outcome<RunEvent>): void {
    if ('failure' in item) throw item.failure;
  }

  headers(): HeaderFields {
    return {};
  }

  body(): string {
    return JSON.stringify(this.run.closing().terminal.response);
  }
}

/** The run had ended well, but its end could not be stored. */
function notStored(
  { response, sequence_number }: ResponseEvent & TerminalEventBody,
  { type, code, message, param }: GatewayError,
): readonly ResponseEvent[] {
  const failed: ResponseObject = {
    ...response,
    status: 'failed',
    completed_at: null,
    incomplete_details: null,
    error: { code, message },
  };
  return [
    { ...errorEvent({ type, code, message, param }), sequence_number },
    { type: 'response.failed', response: failed, sequence_number: sequence_number + 1 },
  ];
}
