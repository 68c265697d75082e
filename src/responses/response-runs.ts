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
  /** Called before an event is shown; an exception fails the run. */
  readonly onEvent?: (event: RunEvent) => void;
}

/** Runs responses, with or without a client that waits. */
@Injectable()
export class ResponseRuns {
  constructor(
    private readonly calls: TextCalls,
    private readonly running: RunningResponses,
    private readonly compactions: Compactions,
  ) {}

  /** Cold. A stored response can be cancelled through any replica. */
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

  /** Turns the events of a call into those of a run. With a plan the compaction comes first, then any answer. */
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
    // When only the summary is paid for, the budget may cut it short like any answer.
    const limit = plan.answers ? { outputCapTokens: SUMMARY_TOKENS } : {};
    const asked = ask(plan.ask, { ...limit, isShown: false });
    const summarised = refuseSilence(asked).pipe(
      tap(heard),
      filter(({ type }) => type === 'opened' || type === 'usage'),
    );
    const answered = defer(() => ask(withSummary(prompt, plan.itemId, summaryText(summary))));
    // The run learns its provider from `opened`; the client has been shown one such event already.
    const answer = run.shape(answered).pipe(filter(({ type }) => type !== 'opened'));
    // The secret comes first, so that nobody pays for a summary that cannot be sealed.
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
