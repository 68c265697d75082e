import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Observable, type Subscription } from 'rxjs';
import { TextCalls, type TextCall } from '../../providers/calls/text-calls.js';
import type { OnceCall } from '../../payments/once/recorded-answer.js';
import type { HoldGrant } from '../../payments/ledger.js';
import type { Admitted } from '../../payments/outcome.js';
import { OutageGuard } from '../../base/work/outage-guard.js';
import { EACH_THIRD_OF_A_LEASE, Recurs } from '../../base/work/worker.js';
import { UNLIMITED_DEMAND } from '../../streaming/demand.js';
import { requestBefore } from '../compaction/plan-compaction.js';
import { ResponseRun } from '../response-run.js';
import { ResponseRuns } from '../response-runs.js';
import { RunningResponses } from '../running-responses.js';
import { BackgroundStore, type Adoptable } from './background-store.js';
import { EventLog } from './event-log.js';
import { LogBell } from './log-bell.js';
import { pendingPrompts, pendingResponse } from './pending-response.js';
import type { ResponseCommand } from '../responses.service.js';
import { Payer } from '../../payments/payer.js';

/** Responses that one process takes over in one round; the others wait for the next round. */
const ADOPTED_AT_ONCE = 20;
const RETRY_MS = 500;
/** Tries to take over one response, when the database does not answer. */
const MOST_CLAIMS = 5;

/** Runs responses without a client's connection. Another process takes over what this one leaves unfinished. */
@Injectable()
export class BackgroundRuns {
  private readonly logger = new Logger(BackgroundRuns.name);
  private readonly runs = new Set<Subscription>();
  private readonly guard = new OutageGuard();

  constructor(
    private readonly calls: TextCalls,
    private readonly store: BackgroundStore,
    private readonly running: RunningResponses,
    private readonly bell: LogBell,
    private readonly responses: ResponseRuns,
  ) {}

  /**
   * Accepts a response: emits its admission and completes once its hold and its record are stored, while the run goes
   * on. Errors when the response is refused.
   */
  accept({ call, run, request }: ResponseCommand, once?: OnceCall): Observable<Admitted> {
    return new Observable((accepted) => {
      const log = request.stream ? new EventLog(call.responseId, this.store, this.bell) : undefined;
      run.detach(log, pendingResponse(call, run));
      let isAccepted = false;
      const subscription = this.run(call, run, log, {
        once,
        canMove: !request.stream,
        onAdmission: (admission) => {
          isAccepted = true;
          accepted.next(admission);
          accepted.complete();
        },
        onRefusal: (failure) => accepted.error(failure),
      });
      // A client that leaves while its call waits for its hold never learns the id.
      return () => {
        if (!isAccepted && !once) subscription.unsubscribe();
      };
    });
  }

  private run(
    call: TextCall,
    run: ResponseRun,
    log: EventLog | undefined,
    options: {
      readonly once?: OnceCall | undefined;
      readonly canMove: boolean;
      readonly onAdmission: (admission: Admitted) => void;
      readonly onRefusal: (failure: unknown) => void;
      readonly adoptable?: Adoptable;
    },
  ): Subscription {
    const { responseId } = call;
    const { adoptable } = options;
    let isAdmitted = false;
    let isOver = false;
    const outcomes = this.responses.run(call, run, {
      demand: UNLIMITED_DEMAND,
      onEvent: (event) => event.type !== 'opened' && log?.add([event]),
      once: options.once,
      canMove: options.canMove,
      ...(adoptable && {
        adopted: { holdId: adoptable.holdId, claim: () => this.claim(adoptable) },
      }),
    });
    const subscription = outcomes.subscribe({
      next: (outcome) => {
        if (!('admission' in outcome)) return;
        isAdmitted = true;
        log?.add(run.begin());
        void this.markStarted(responseId, () => isOver);
        options.onAdmission(outcome);
      },
      error: (failure: unknown) => {
        // The failure of an accepted run is stored; only a refusal is reported to the caller.
        if (!isAdmitted) options.onRefusal(failure);
      },
    });
    this.runs.add(subscription);
    subscription.add(() => {
      isOver = true;
      this.runs.delete(subscription);
      this.bell.ring(responseId);
    });
    return subscription;
  }

  /** Another process goes by whether the run was started, so that is written however often the database is away. */
  private async markStarted(responseId: string, isOver: () => boolean): Promise<void> {
    for (let tries = 1; !isOver(); tries += 1) {
      try {
        return await this.store.markStarted(responseId);
      } catch (failure) {
        const msg = 'a background response still shows as queued';
        if (tries === 1) this.logger.warn({ msg, responseId, err: failure });
        await sleep(RETRY_MS);
      }
    }
  }

  /** What was claimed without this process's hearing of it would belong to it, and nobody would run it. */
  private async claim(adoptable: Adoptable): Promise<HoldGrant | undefined> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.store.adopt(adoptable, tries > 1);
      } catch (failure) {
        if (tries === MOST_CLAIMS) throw failure;
        await sleep(RETRY_MS);
      }
    }
  }

  /** The end of this worker does not end its runs: they end with all other calls. */
  @Recurs({ name: 'the look for background responses', every: EACH_THIRD_OF_A_LEASE, phase: 'intake' })
  adoptAll(): Promise<void> {
    return this.guard.run(async (mayTake) => {
      const adoptable = await this.store.adoptable(ADOPTED_AT_ONCE);
      if (mayTake) await this.adoptEach(adoptable);
    });
  }

  private async adoptEach(found: readonly Adoptable[]): Promise<void> {
    for (const adoptable of found) {
      // A run of this process can look abandoned: while its claim is under way, or when the lease has run out. A second
      // run of the same hold would remove the first from the running calls.
      if (this.running.has(adoptable.responseId)) continue;
      try {
        this.adopt(adoptable);
      } catch (failure) {
        const { responseId } = adoptable;
        this.logger.warn({ msg: 'a background response cannot be run here', responseId, err: failure });
        await this.store.giveUp(responseId);
      }
    }
  }

  private adopt(adoptable: Adoptable): void {
    const { responseId, pending, wasStarted } = adoptable;
    const { prompt, compaction } = pendingPrompts(pending);
    const { settings, stream, outputCapTokens, chainId, requestId } = pending;
    const resolved = this.calls.resolve(settings.model);
    const prepared = this.calls.prepare(
      {
        resolved,
        prompt,
        stream,
        outputCapTokens,
        background: true,
        before: requestBefore(compaction),
      },
      // Its key was checked when its hold was taken.
      { payer: Payer.unknown, requestId, chainId },
    );
    const call: TextCall = { ...prepared, responseId, createdAtMs: pending.createdSeconds * 1000 };
    const tools = new Map(pending.tools);
    const run = new ResponseRun({ ...call, settings, tools, input: [], streamed: stream, compaction });
    const log = stream ? new EventLog(responseId, this.store, this.bell) : undefined;
    run.detach(log, pending);
    this.run(call, run, log, {
      canMove: !stream && !wasStarted,
      adoptable,
      onAdmission: () => undefined,
      onRefusal: (failure) =>
        this.logger.warn({ msg: 'a background response was not taken over', responseId, err: failure }),
    });
  }
}
