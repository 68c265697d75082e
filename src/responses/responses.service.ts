import { Injectable, Logger } from '@nestjs/common';
import { concat, defer, EMPTY, from, ignoreElements, map, type Observable } from 'rxjs';
import type { ResolvedModel } from '../catalog/catalog.js';
import { TextCalls, type TextCall } from '../providers/calls/text-calls.js';
import { newId } from '../base/ids.js';
import type { JsonObject } from '../base/json.js';
import type { CallOrigin } from '../payments/charged-work.js';
import { NO_USAGE } from '../base/money/usage.js';
import type { OnceCall } from '../payments/once/recorded-answer.js';
import type { Offer } from '../payments/x402/purchase.js';
import type { Outcome } from '../payments/outcome.js';
import type { Demand } from '../streaming/demand.js';
import { clientParamsOf } from './bridge/client-params.js';
import type { LeftOut } from './bridge/to-prompt.js';
import { planCompaction, requestBefore, SUMMARY_TOKENS } from './compaction/plan-compaction.js';
import { ContextReader, type History } from './context-reader.js';
import type { ConversationLock } from './conversations/conversation-lock.js';
import { ConversationTurns } from './conversations/conversation-turns.js';
import { withOwnIds } from './domain/own-ids.js';
import type { ResponseSettings } from './domain/response.js';
import { recordInput } from './record-item.js';
import { ResponseRun, type RunEvent } from './response-run.js';
import { ResponseRuns } from './response-runs.js';
import { ResponseStore } from './response-store.js';
import type { ResponsesRequest } from './responses-request.js';

/** Types that a line of the log names at most; clients can make up any number. */
const MAX_NAMED = 20;

/** A request that is ready for its hold. */
export interface ResponseCommand {
  readonly request: ResponsesRequest;
  readonly call: TextCall;
  readonly run: ResponseRun;
  /** The history that it continues, and its input. */
  readonly items: readonly JsonObject[];
}

/** What a command needs besides its request. */
export interface CommandContext {
  readonly origin: CallOrigin;
  /** Aborted when the client has left: ends the wait for a turn on a conversation. */
  readonly left: AbortSignal;
  /** The history that it continues, when that is not in the store. */
  readonly local?: History | undefined;
}

interface NewResponse {
  readonly request: ResponsesRequest;
  readonly resolved: ResolvedModel;
  readonly responseId: string;
}

@Injectable()
export class ResponsesService {
  private readonly logger = new Logger(ResponsesService.name);

  constructor(
    private readonly calls: TextCalls,
    private readonly store: ResponseStore,
    private readonly contexts: ContextReader,
    private readonly turns: ConversationTurns,
    private readonly runs: ResponseRuns,
  ) {}

  /**
   * Reads the history that the request continues, unless it is given. A caller that does not run the command must
   * abandon it (`run.abandon`).
   * @throws GatewayError for a missing model, chain, conversation or item, conversation_locked
   */
  async command(request: ResponsesRequest, context: CommandContext): Promise<ResponseCommand> {
    const resolved = this.calls.resolve(request.model);
    const { conversationId } = request;
    const responseId = newId('resp');
    if (conversationId === undefined) return this.commandFor({ request, resolved, responseId }, context);
    const { left, origin } = context;
    const lock = await this.turns.lock({ id: conversationId, payer: origin.payer, responseId }, left);
    try {
      return await this.commandFor({ request, resolved, responseId }, context, lock);
    } catch (failure) {
      lock.releaseUnused();
      throw failure;
    }
  }

  private async commandFor(
    { request, resolved, responseId }: NewResponse,
    { origin, local }: CommandContext,
    lock?: ConversationLock,
  ): Promise<ResponseCommand> {
    const { payer } = origin;
    const read = await this.contexts.read({ request, resolved, payer, local });
    const { tools, leftOut, history, input } = read;
    const { stream } = request;
    const planned = request.generates ? await planCompaction(request, resolved, read) : undefined;
    const { plan, prompt = read.prompt } = planned ?? {};
    const call = this.calls.prepare(
      {
        resolved,
        prompt,
        stream,
        outputCapTokens: plan && !plan.answers ? SUMMARY_TOKENS : request.outputCapTokens,
        background: request.background,
        toClientParam: clientParamsOf(request.body),
        before: requestBefore(plan),
      },
      origin,
      responseId,
    );
    const { createdAtMs } = call;
    this.tell(leftOut, responseId);
    const run = new ResponseRun({
      responseId,
      createdAtMs,
      settings: settingsOf(request),
      tools,
      input: (lock ? withOwnIds(history, input) : input).map(recordInput),
      streamed: stream,
      lock,
      compaction: plan,
    });
    return { request, call, run, items: [...history, ...input] };
  }

  private tell({ tools, items }: LeftOut, responseId: string): void {
    if (tools.length === 0 && items.length === 0) return;
    const named = { tools: tools.slice(0, MAX_NAMED), items: items.slice(0, MAX_NAMED) };
    this.logger.log({ msg: 'what the upstream cannot use is left out', responseId, ...named });
  }

  offerOf({ call }: ResponseCommand): Offer {
    return this.calls.offerOf(call);
  }

  /** Cold. */
  create({ call, run }: ResponseCommand, demand: Demand, once?: OnceCall): Observable<Outcome<RunEvent>> {
    return this.runs.run(call, run, { demand, once });
  }

  /** Cold. Makes a response that can only be continued. No model is asked, so nothing is held or charged. */
  prepare({ call, run }: ResponseCommand): Observable<Outcome<RunEvent>> {
    return defer(() => {
      const start = run.start();
      const events = run.begin();
      run.accept({ type: 'usage', usage: NO_USAGE });
      const end = run.end({ status: 'completed' }, undefined);
      const kept = start && end ? defer(() => this.store.keep(call.origin, start, end)) : EMPTY;
      return concat(from(events).pipe(map((event) => ({ event }))), kept.pipe(ignoreElements()));
    });
  }
}

function settingsOf(request: ResponsesRequest): ResponseSettings {
  const { settings, model, background, store, previousResponseId, conversationId } = request;
  return {
    ...settings,
    model,
    background,
    store,
    previous_response_id: previousResponseId ?? null,
    ...(conversationId === undefined ? {} : { conversation: { id: conversationId } }),
  };
}
