import { Injectable } from '@nestjs/common';
import type { ResolvedModel } from '../catalog/catalog.js';
import { ContextLengthExceeded } from '../base/errors/context-length-exceeded.js';
import { GatewayError } from '../base/errors/gateway-error.js';
import { fitsWindow, tokensPerByte } from '../providers/calls/count-input.js';
import { searchesByItself } from '../providers/calls/hosted-tools.js';
import type { JsonObject } from '../base/json.js';
import { toPrompt, type BridgedRequest } from './bridge/to-prompt.js';
import { Compactions } from './compaction/compactions.js';
import { conversationNotFound } from './conversations/conversation-not-found.js';
import { fromLastCompaction, withoutCompactions } from './domain/compacted.js';
import { assembleContext, referencedIds, resolveReferences } from './domain/context.js';
import { withoutRepeatedOutputs } from './domain/repeated-outputs.js';
import { truncateContext } from './domain/truncate.js';
import { refuseParent } from './refuse-parent.js';
import { ResponseStore } from './response-store.js';
import type { ResponsesRequest } from './responses-request.js';
import type { Payer } from '../payments/payer.js';

/** How often a context is shortened after its tokens were counted. */
const MAX_TRUNCATIONS = 4;

/** What a request continues from. */
export interface History {
  /** Items, oldest first; each turn's input, then its output. */
  readonly history: readonly JsonObject[];
  /** How many of the last items wait for an answer: the output of the response that is continued. */
  readonly asked: number;
}

/** A request whose context is to be read, and its payer. */
export interface ReadRequest {
  readonly request: ResponsesRequest;
  readonly resolved: ResolvedModel;
  readonly payer: Payer;
  /** History that is not in the store. */
  readonly local?: History | undefined;
}

export interface ReadContext extends BridgedRequest {
  /** The whole history, even when the model reads only a part of it. */
  readonly history: readonly JsonObject[];
  /** The new input, without the outputs that the history already has. */
  readonly input: readonly JsonObject[];
  /** The items that the model reads. */
  readonly context: readonly JsonObject[];
  /** Bridges the same request with another context. */
  readonly bridge: (context: readonly JsonObject[]) => BridgedRequest;
}

interface FoundContext extends History {
  readonly input: readonly JsonObject[];
}

/** Joins the history that a request continues with its new input. */
@Injectable()
export class ContextReader {
  constructor(
    private readonly store: ResponseStore,
    private readonly compactions: Compactions,
  ) {}

  /**
   * Reads the context for the model. If the request allows it, only the end of a context that is too long is read.
   *
   * @throws GatewayError for a missing chain, conversation or item, 400 for items that do not fit together
   */
  async read(sought: ReadRequest): Promise<ReadContext> {
    const { request, payer } = sought;
    const { history, input: sent, asked } = await this.find(sought);
    const continued = continuedBy(request);
    const opened = await this.compactions.open(payer, { history, input: sent, continued });
    const input = withoutRepeatedOutputs(history, sent);
    const whole = assembleContext(history, input, asked);
    const compacted = withoutCompactions(fromLastCompaction(whole, opened), opened);
    const searches = searchesByItself(sought.resolved.model);
    const bridge = (items: readonly JsonObject[]): BridgedRequest =>
      toPrompt({ request, context: items, searches });
    const context =
      request.settings.truncation === 'auto' ? await truncated(compacted, sought, bridge) : compacted;
    return { ...bridge(context), history, input, context, bridge };
  }

  private async find(sought: ReadRequest): Promise<FoundContext> {
    const { request, payer, local } = sought;
    const known = itemsById(local?.history ?? []);
    const itemIds = referencedIds(request.input).filter((id) => !known.has(id));
    const previousResponseId = local ? undefined : request.previousResponseId;
    const { conversationId } = request;
    const isNew = previousResponseId === undefined && conversationId === undefined && itemIds.length === 0;
    const stored = isNew
      ? undefined
      : await this.store.readContext({ payer, previousResponseId, conversationId, itemIds });
    if (previousResponseId !== undefined) refuseParent(previousResponseId, stored?.parent);
    if (conversationId !== undefined && !stored?.hasConversation)
      throw conversationNotFound(conversationId, 'conversation');
    if (stored?.isTooLarge) throw contextTooLarge(sought);
    return {
      ...(local ?? { history: stored?.history ?? [], asked: stored?.parentOutput ?? 0 }),
      input: resolveReferences(request.input, new Map([...(stored?.items ?? []), ...known])),
    };
  }
}

/** Each round counts the rest again: the newest items may be in another language than the older ones. */
async function truncated(
  context: readonly JsonObject[],
  { request, resolved }: ReadRequest,
  bridged: (items: readonly JsonObject[]) => BridgedRequest,
): Promise<readonly JsonObject[]> {
  const askedOutputCap = request.outputCapTokens;
  const fitsWith =
    (density: number) =>
    (items: readonly JsonObject[]): boolean =>
      fitsWindow(resolved, bridged(items).prompt, { askedOutputCap, density });
  if (fitsWith(1)(context)) return context;
  let kept = context;
  for (let round = 0; round < MAX_TRUNCATIONS; round += 1) {
    const density = await tokensPerByte(resolved, bridged(kept).prompt);
    const shorter = truncateContext(kept, fitsWith(density));
    if (shorter.length === kept.length) break;
    kept = shorter;
  }
  return kept;
}

function itemsById(items: readonly JsonObject[]): ReadonlyMap<string, JsonObject> {
  return new Map(items.flatMap((item) => (typeof item['id'] === 'string' ? [[item['id'], item]] : [])));
}

function continuedBy({ conversationId }: ResponsesRequest): 'previous_response_id' | 'conversation' {
  return conversationId === undefined ? 'previous_response_id' : 'conversation';
}

function contextTooLarge({ request, resolved }: ReadRequest): GatewayError {
  const { previousResponseId, conversationId } = request;
  const continues = conversationId !== undefined || previousResponseId !== undefined;
  return new ContextLengthExceeded({
    contextWindow: resolved.model.contextWindow,
    param: continues ? continuedBy(request) : 'input',
  });
}
