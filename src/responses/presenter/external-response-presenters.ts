import type { GatewayError } from '../../base/errors/gateway-error.js';
import type { Outcome } from '../../payments/outcome.js';
import { namedFrame } from '../../streaming/frames.js';
import type { BodyPresenter, HeaderFields, StreamPresenter } from '../../streaming/presenter.js';
import type { ResponseEvent } from '../domain/response-event.js';
import type { ResponseRun, RunEvent } from '../response-run.js';
import { plain, ResponseEvents, type Decorate } from './response-events.js';

export function eventFrame(event: ResponseEvent): string {
  return namedFrame(event.type, JSON.stringify(event));
}

/** The events of a run as frames. */
export class ResponseStreamPresenter implements StreamPresenter<Outcome<RunEvent>> {
  private readonly events: ResponseEvents;

  constructor(run: ResponseRun, decorate: Decorate = plain) {
    this.events = new ResponseEvents(run, decorate);
  }

  headers(): HeaderFields {
    return {};
  }

  frames(item: Outcome<RunEvent>): string {
    return framesOf(this.events.of(item));
  }

  failure(error: GatewayError): string {
    return framesOf(this.events.failure(error));
  }

  end(): string {
    return framesOf(this.events.end());
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

function framesOf(events: readonly ResponseEvent[]): string {
  return events.map(eventFrame).join('');
}
