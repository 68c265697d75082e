import { Injectable, Logger } from '@nestjs/common';
import { concat, defer, EMPTY, finalize, from, ignoreElements, map, type Observable } from 'rxjs';
import type { ResolvedModel } from '../catalog/catalog.js';
import { fitsWindow } from '../generation/count-input.js';
import { TextCalls, type TextCall } from '../generation/text-calls.js';
import { newId } from '../ids.js';
import type { JsonObject } from '../json.js';
import { GatewayError } from '../errors/gateway-error.js';
import type { Payer } from '../payments/charged-work.js';
import { NO_USAGE } from '../payments/domain/usage.js';
import type { OnceCall } from '../payments/once/recorded-answer.js';
import type { Outcome } from '../payments/outcome.js';
import type { Demand } from '../streaming/demand.js';
import { toChat, type ChatBridge } from './bridge/to-chat.js';
import { Compactions } from './compaction/compactions.js';
import type { ConversationLock } from './conversations/conversation-lock.js';
import { conversationNotFound } from './conversations/conversation-not-found.js';
import { ConversationTurns } from './conversations/conversation-turns.js';
import { assembleContext, referencedIds, resolveReferences } from './domain/context.js';
import { withOwnIds } from './domain/own-ids.js';
import type { ResponseSettings } from './domain/response.js';
import { truncateContext } from './domain/truncate.js';
import { recordInput } from './record-item.js';
import { refuseParent } from './refuse-parent.js';
import { ResponseRun, type RunEvent } from './response-run.js';
import { ResponseStore } from './response-store.js';
import type { ResponsesRequest } from './responses-request.js';
import { RunningResponses } from './running-responses.js';

/** A request that can be held for. */
export interface ResponseCommand {
  readonly request: ResponsesRequest;
  readonly call: TextCall;
  readonly run: ResponseRun;
  /** What it continues from, and its input. */
  readonly items: readonly JsonObject[];
}

/** What a command is made for. */
export interface CommandContext {
  readonly payer: Payer;
  /** Aborted when the client has left: nobody waits for a turn on a conversation any more. */
  readonly left: AbortSignal;
  readonly local?: LocalHistory | undefined;
}

/** What a request continues from that is not in the store. */
export interface LocalHistory {
  /** Items, oldest first; each turn's input, then its output. */
  readonly history: readonly JsonObject[];
}

interface NewResponse {
  readonly request: ResponsesRequest;
  readonly resolved: ResolvedModel;
  readonly responseId: string;
}

interface ReadRequest {
  readonly request: ResponsesRequest;
  readonly resolved: ResolvedModel;
  readonly keyHash: Buffer;
  readonly local?: LocalHistory | undefined;
}

interface ReadContext extends ChatBridge {
  /** All of it, whatever the model reads. */
  readonly history: readonly JsonObject[];
  readonly input: readonly JsonObject[];
}

@Injectable()
export class ResponsesService {
  private readonly logger = new Logger(ResponsesService.name);

  constructor(
    private readonly calls: TextCalls,
    private readonly store: ResponseStore,
    private readonly running: RunningResponses,
    private readonly compactions: Compactions,
    private readonly turns: ConversationTurns,
  ) {}

  /**
   * Reads what the request continues from, unless it is given. A command that is not run in the end is to be abandoned
   * (`run.abandon`).
   * @throws GatewayError for a model, a chain, a conversation or an item that is not there, conversation_locked
   */
  async command(request: ResponsesRequest, context: CommandContext): Promise<ResponseCommand> {
    const resolved = this.calls.resolve(request.model);
    const { conversationId } = request;
    const responseId = newId('resp');
    if (conversationId === undefined) return this.commandFor({ request, resolved, responseId }, context);
    const { left, payer } = context;
    const lock = await this.turns.lock({ id: conversationId, keyHash: payer.keyHash, responseId }, left);
    try {
      return await this.commandFor({ request, resolved, responseId }, context, lock);
    } catch (failure) {
      lock.releaseUnused();
      throw failure;
    }
  }

  private async commandFor(
    { request, resolved, responseId }: NewResponse,
    { payer, local }: CommandContext,
    lock?: ConversationLock,
  ): Promise<ResponseCommand> {
    const { keyHash } = payer;
    const { chat, tools, leftOut, history, input } = await this.chatOf({ request, resolved, keyHash, local });
    const { stream, outputCapTokens, serviceTier } = request;
    const call = this.calls.prepare(
      {
        resolved,
        chat,
        stream,
        n: 1,
        outputCapTokens,
        serviceTier,
        // The bridge leaves hosted tools out, so there is no search to pay for.
        webSearch: false,
        background: request.background,
      },
      payer,
      responseId,
    );
    const { createdSeconds } = call;
    if (leftOut.length > 0) {
      this.logger.log({ msg: 'tools that the upstream cannot run are left out', responseId, tools: leftOut });
    }
    const run = new ResponseRun({
      responseId,
      createdSeconds,
      settings: settingsOf(request),
      tools,
      input: (lock ? withOwnIds(history, input) : input).map(recordInput),
      streamed: stream,
      lock,
    });
    return { request, call, run, items: [...history, ...input] };
  }

  /** What the model reads: of a context that is too long the end alone, where the request wants it so. */
  async chatOf({ request, resolved, keyHash, local }: ReadRequest): Promise<ReadContext> {
    const known = itemsById(local?.history ?? []);
    const itemIds = referencedIds(request.input).filter((id) => !known.has(id));
    const previousResponseId = local ? undefined : request.previousResponseId;
    const { conversationId } = request;
    const isNew = previousResponseId === undefined && conversationId === undefined && itemIds.length === 0;
    const stored = isNew
      ? undefined
      : await this.store.readContext({ keyHash, previousResponseId, conversationId, itemIds });
    if (previousResponseId !== undefined) refuseParent(previousResponseId, stored?.parent);
    if (conversationId !== undefined && !stored?.hasConversation)
      throw conversationNotFound(conversationId, 'conversation');
    if (stored?.isTooLarge) throw contextTooLarge(request);
    const input = resolveReferences(request.input, new Map([...(stored?.items ?? []), ...known]));
    const history = local?.history ?? stored?.history ?? [];
    const context = assembleContext(history, input, stored?.parentOutput);
    const readCompaction = await this.compactions.readerFor(keyHash, {
      history,
      input,
      continued: continuedBy(request),
    });
    const bridged = (items: readonly JsonObject[]): ChatBridge =>
      toChat({ request, context: items, readCompaction });
    const fits = (items: readonly JsonObject[]): boolean =>
      fitsWindow(resolved, bridged(items).chat, request.outputCapTokens);
    const read = request.settings.truncation === 'auto' ? truncateContext(context, fits) : context;
    return { ...bridged(read), history, input };
  }

  /** Cold. */
  create(
    { request, call, run }: ResponseCommand,
    demand: Demand,
    once?: OnceCall,
  ): Observable<Outcome<RunEvent>> {
    const options = { demand, shape: run.shape, record: run, once };
    if (!request.store) return this.calls.run(call, options);
    return defer(() =>
      this.calls.run(call, { ...options, cancelled: this.running.add(call.responseId) }),
    ).pipe(finalize(() => this.running.remove(call.responseId)));
  }

  /** Cold. Nothing is asked of a model, and so nothing is held or charged: there is only something to continue from. */
  prepare({ call, run }: ResponseCommand): Observable<Outcome<RunEvent>> {
    return defer(() => {
      const start = run.start();
      const events = run.begin();
      run.accept({ type: 'usage', usage: NO_USAGE });
      const end = run.end({ status: 'completed' }, undefined);
      const kept = start && end ? defer(() => this.store.keep(call.payer, start, end)) : EMPTY;
      return concat(from(events).pipe(map((event) => ({ event }))), kept.pipe(ignoreElements()));
    });
  }
}

function itemsById(items: readonly JsonObject[]): ReadonlyMap<string, JsonObject> {
  return new Map(items.flatMap((item) => (typeof item['id'] === 'string' ? [[item['id'], item]] : [])));
}

function continuedBy({ conversationId }: ResponsesRequest): 'previous_response_id' | 'conversation' {
  return conversationId === undefined ? 'previous_response_id' : 'conversation';
}

function contextTooLarge(request: ResponsesRequest): GatewayError {
  const { previousResponseId, conversationId } = request;
  const continues = conversationId !== undefined || previousResponseId !== undefined;
  return new GatewayError(
    'context_length_exceeded',
    'What the request continues from is too long to be read.',
    {
      param: continues ? continuedBy(request) : 'input',
    },
  );
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
