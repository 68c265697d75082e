import { Injectable } from '@nestjs/common';
import { concat, concatMap, defer, EMPTY, filter, finalize, from, tap, type Observable } from 'rxjs';
import {
  TextCalls,
  type Asking,
  type RunOptions,
  type Shape,
  type TextCall,
} from '../providers/calls/text-calls.js';
import type { Outcome } from '../payments/outcome.js';
import type { Prompt } from '../text/prompt.js';
import type { TextEvent } from '../text/text-event.js';
import { Compactions, summaryText } from './compaction/compactions.js';
import { SUMMARY_TOKENS, withSummary } from './compaction/plan-compaction.js';
import { refuseSilence } from './compaction/refuse-silence.js';
import type { CompactionPlan } from './domain/compaction-plan.js';
import type { ResponseRun, RunEvent } from './response-run.js';
import { RunningResponses } from './running-responses.js';

export interface ResponseRunOptions extends Omit<RunOptions<RunEvent>, 'shape' | 'record' | 'cancelled'> {
  /** Called before an event is shown; what it throws fails the run. */
  readonly onEvent?: (event: RunEvent) => void;
}

/** Runs responses, whoever waits for them. */
@Injectable()
export class ResponseRuns {
  constructor(
    private readonly calls: TextCalls,
    private readonly running: RunningResponses,
    private readonly compactions: Compactions,
  ) {}

  /** Cold. The end of one that is stored can be asked for through any replica. */
  run(
    call: TextCall,
    run: ResponseRun,
    { onEvent, ...options }: ResponseRunOptions,
  ): Observable<Outcome<RunEvent>> {
    const shape = this.shapeOf(call, run);
    const asked: RunOptions<RunEvent> = {
      ...options,
      shape: onEvent ? (events, asking) => shape(events, asking).pipe(tap(onEvent)) : shape,
      record: run,
    };
    if (!run.settings.store) return this.calls.run(call, asked);
    const { responseId } = call;
    return defer(() => this.calls.run(call, { ...asked, cancelled: this.running.add(responseId) })).pipe(
      finalize(() => this.running.remove(responseId)),
    );
  }

  /** What a run makes of its call: with a plan the compaction comes first, and then what was asked for besides. */
  private shapeOf({ request }: TextCall, run: ResponseRun): Shape<RunEvent> {
    const { compaction } = run;
    return compaction
      ? (_events, asking) => this.compact(run, compaction, request.prompt, asking)
      : run.shape;
  }

  private compact(
    run: ResponseRun,
    plan: CompactionPlan,
    prompt: Prompt,
    { ask, accountId }: Asking,
  ): Observable<RunEvent> {
    let summary = '';
    const heard = (event: TextEvent): void => {
      if (event.type === 'text' && event.choice === 0) summary += event.text;
    };
    // A summary that is all there is to pay for may be cut short by the budget, like any answer.
    const limit = plan.answers ? { outputCapTokens: SUMMARY_TOKENS } : {};
    const asked = ask(plan.ask, { ...limit, isShown: false });
    const summarised = refuseSilence(asked).pipe(
      tap(heard),
      filter(({ type }) => type === 'opened' || type === 'usage'),
    );
    const answered = defer(() => ask(withSummary(prompt, plan.itemId, summaryText(summary))));
    // The run learns who answers; those who look on have seen the response open.
    const answer = run.shape(answered).pipe(filter(({ type }) => type !== 'opened'));
    // The secret comes first: no summary is paid for that cannot be sealed.
    return from(this.compactions.writerOf(accountId)).pipe(
      concatMap((write) =>
        concat(
          run.shape(summarised),
          defer(() => run.show(write(summary, plan))),
          plan.answers ? answer : EMPTY,
        ),
      ),
    );
  }
}
