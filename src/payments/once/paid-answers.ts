import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { EMPTY, of, type Observable } from 'rxjs';
import { GatewayError } from '../../base/errors/gateway-error.js';
import type { Demand } from '../../streaming/demand.js';
import type { BodyPresenter, HeaderFields, StreamPresenter } from '../../streaming/presenter.js';
import { ResponseWriter } from '../../streaming/response-writer.js';
import { wireOf } from '../../streaming/wire-of.js';
import type { ShownEvent } from '../compose-headers.js';
import type { Outcome } from '../outcome.js';
import type { KeptAnswer } from './idempotency-store.js';
import type { OnceKey } from './once-key.js';
import { RunningAnswers, type LiveAnswer } from './running-answers.js';
import { outliving, RecordedBody, RecordedStream, type OnceCall } from './recorded-answer.js';

/** A call that goes on after its answer; the answer is kept with its hold. */
export function acceptedOnce(once: OnceKey, answer: Omit<KeptAnswer, 'status'>): OnceCall {
  return { ...once, accepted: { ...answer, status: 200 }, answer: () => undefined };
}

/** A cold run of a paid call. */
export type Run<Event> = (demand: Demand, once?: OnceCall) => Observable<Outcome<Event>>;

/** Writes the outcomes of paid calls. A call that runs once is kept as it is written, and outlives its client. */
@Injectable()
export class PaidAnswers {
  constructor(
    private readonly writer: ResponseWriter,
    private readonly running: RunningAnswers,
  ) {}

  stream<Event extends ShownEvent>(
    response: ServerResponse,
    once: OnceKey | undefined,
    run: Run<Event>,
    presenter: StreamPresenter<Outcome<Event>>,
  ): Promise<void> {
    if (!once) return this.writer.stream(response, (demand) => run(demand), presenter);
    const recorded = new RecordedStream(once, presenter, this.running);
    const open = (demand: Demand): Observable<string> => outliving(run(demand, recorded), recorded);
    return this.orJoin(response, once, this.writer.stream(response, open, recorded));
  }

  whole<Event extends ShownEvent>(
    response: ServerResponse,
    once: OnceKey | undefined,
    run: Run<Event>,
    presenter: BodyPresenter<Outcome<Event>>,
  ): Promise<void> {
    if (!once) return this.writer.whole(response, (demand) => run(demand), presenter);
    const recorded = new RecordedBody(once, presenter, this.running);
    const open = (demand: Demand): Observable<string> => outliving(run(demand, recorded), recorded);
    return this.orJoin(response, once, this.writer.whole(response, open, recorded));
  }

  /** Several requests with one key may come at once: only one gets the hold, and the others find that it runs. */
  private async orJoin(response: ServerResponse, { find }: OnceKey, answered: Promise<void>): Promise<void> {
    try {
      await answered;
    } catch (failure) {
      if (!find || response.headersSent || !isInFlight(failure)) throw failure;
      const earlier = await find();
      if (!earlier || earlier.answer.kind === 'followed') throw failure;
      await this.repeat(response, earlier.answer);
    }
  }

  /** Repeats an answer of any kind but `followed`. */
  repeat(response: ServerResponse, answer: KeptAnswer | LiveAnswer): Promise<void> {
    if (answer.kind === 'live') {
      const { headers, frames } = answer;
      const joined = new RepeatedAnswer({ status: 200, headers, content: '' }, response);
      return this.writer.stream(response, frames, joined);
    }
    const kept = new RepeatedAnswer({ ...answer, headers: () => answer.headers }, response);
    return answer.kind === 'whole'
      ? this.writer.whole(response, () => EMPTY, kept)
      : this.writer.stream(response, () => of(answer.content), kept);
  }
}

function isInFlight(failure: unknown): boolean {
  return failure instanceof GatewayError && failure.code === 'idempotency_in_flight';
}

class RepeatedAnswer implements StreamPresenter<string>, BodyPresenter<string> {
  readonly status: number;

  constructor(
    private readonly answer: Pick<KeptAnswer, 'status' | 'content'> & Pick<LiveAnswer, 'headers'>,
    private readonly response: ServerResponse,
  ) {
    this.status = answer.status;
  }

  headers(): HeaderFields {
    return this.answer.headers();
  }

  frames(text: string): string {
    return text;
  }

  failure(error: GatewayError): string {
    const requestId = String(this.response.getHeader('X-Request-Id') ?? '');
    return wireOf(this.response.req).errorFrame(error, requestId);
  }

  end(): string {
    return '';
  }

  add(): void {
    // The whole answer is known.
  }

  body(): string {
    return this.answer.content;
  }
}
