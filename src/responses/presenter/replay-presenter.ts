import type { GatewayError } from '../../errors/gateway-error.js';
import type { HeaderFields, StreamPresenter } from '../../streaming/presenter.js';
import { errorEvent } from '../domain/error-event.js';
import type { ResponseEvent } from '../domain/response-event.js';
import { eventFrame } from './external-response-presenters.js';

/** The events of a response that is stored. */
export class ReplayPresenter implements StreamPresenter<ResponseEvent> {
  private next = 0;

  headers(): HeaderFields {
    return {};
  }

  frames(event: ResponseEvent): string {
    this.next = event.sequence_number + 1;
    return eventFrame(event);
  }

  failure({ type, code, message, param }: GatewayError): string {
    return eventFrame({ ...errorEvent({ type, code, message, param }), sequence_number: this.next });
  }

  end(): string {
    return '';
  }
}
