import { type ServerResponse } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import { type Observable } from 'rxjs';
import { type StreamingConfig } from '../base/config.js';
import { severityOf, toGatewayError } from '../base/errors/gateway-error.js';
import { type Demand } from './demand.js';
import { type BodyPresenter, type StreamPresenter } from './presenter.js';
import { StreamedAnswer } from './streamed-answer.js';
import { WholeAnswer } from './whole-answer.js';

/**
 * Subscribes to the outcomes of one call and writes them to one HTTP response. Both methods reject with the failure
 * while it can still be a JSON error with its own status. They resolve when nothing more will be written: the answer
 * was sent, the client left, or it was dropped. When the client leaves, they unsubscribe at once.
 */
@Injectable()
export class ResponseWriter {
  private readonly logger = new Logger(ResponseWriter.name);

  constructor(private readonly settings: StreamingConfig) {}

  /**
   * Writes Server-Sent Events. `open` gets the client's demand, for a source that can wait before it reads on. It is
   * not called for a HEAD, whose client would wait for the last event and see none.
   */
  stream<Item>(
    response: ServerResponse,
    open: (demand: Demand) => Observable<Item>,
    presenter: StreamPresenter<Item>,
  ): Promise<void> {
    const answer = new StreamedAnswer(response, presenter, this.settings, this.reportLateFailure);
    return response.req.method === 'HEAD' ? answer.headOnly() : answer.run(open);
  }

  /** Writes one JSON body. */
  whole<Item>(
    response: ServerResponse,
    open: (demand: Demand) => Observable<Item>,
    presenter: BodyPresenter<Item>,
  ): Promise<void> {
    return new WholeAnswer(response, presenter, this.settings).run(open);
  }

  /** The error filter never sees a failure that became frames, so an unexpected one is logged here. */
  private readonly reportLateFailure = (thrown: unknown): void => {
    const error = toGatewayError(thrown);
    const severity = severityOf(error);
    if (severity) this.logger[severity]({ msg: 'a stream failed', code: error.code, err: error.cause });
  };
}
