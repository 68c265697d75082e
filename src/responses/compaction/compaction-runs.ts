import { Injectable } from '@nestjs/common';
import { concat, concatMap, defer, EMPTY, filter, from, tap, type Observable } from 'rxjs';
import type { Asking, Shape, TextCall } from '../../generation/text-calls.js';
import type { Prompt } from '../../text/prompt.js';
import type { TextEvent } from '../../text/text-event.js';
import type { ResponseRun, RunEvent } from '../response-run.js';
import { SUMMARY_TOKENS, withSummary } from './plan-compaction.js';
import type { CompactionPlan } from '../domain/compaction-plan.js';
import { Compactions, summaryText } from './compactions.js';
import { refuseSilence } from './refuse-silence.js';

/** Runs that compact their context first. */
@Injectable()
export class CompactionRuns {
  constructor(private readonly compactions: Compactions) {}

  /** What a run makes of its call: with a plan the compaction comes first, and then what was asked for besides. */
  shapeOf({ request }: TextCall, run: ResponseRun): Shape<RunEvent> {
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
