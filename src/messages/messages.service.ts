import { Injectable, Logger } from '@nestjs/common';
import { defer, finalize, from, map, tap, type Observable } from 'rxjs';
import { NO_USAGE } from '../base/money/usage.js';
import { GatewayError } from '../base/errors/gateway-error.js';
import { mayUse } from '../catalog/may-use.js';
import type { TextModel } from '../catalog/model.js';
import { newId } from '../base/ids.js';
import type { CallOrigin } from '../payments/charged-work.js';
import type { KeyRecord } from '../payments/keys/key-store.js';
import type { OnceCall } from '../payments/once/recorded-answer.js';
import type { Outcome } from '../payments/outcome.js';
import type { Offer } from '../payments/x402/purchase.js';
import { countInput } from '../providers/calls/count-input.js';
import { ResponseRecords } from '../providers/calls/response-records.js';
import { TextCalls, type TextCall } from '../providers/calls/text-calls.js';
import { TextCounting } from '../providers/text-counting.js';
import type { Demand } from '../streaming/demand.js';
import type { Prompt } from '../text/prompt.js';
import type { TextEvent } from '../text/text-event.js';
import { toPrompt } from './bridge/to-prompt.js';
import { ToolNames } from './bridge/tool-names.js';
import { ownCallIds } from './own-call-ids.js';
import { catalogName, type MessagesRequest } from './request/messages-request.js';
import { unsupported } from './request/refuse-unsupported.js';
import { Threads, type StoredCall } from './threads.js';

/** A request for a Message that has been checked against the catalog and priced. */
export interface MessagesCommand {
  readonly request: MessagesRequest;
  readonly call: TextCall;
  readonly names: ToolNames;
  /** How the call is stored; absent where it is not. */
  readonly stored: StoredCall | undefined;
  /** Whether every target speaks the client's own wire. */
  readonly isSameWire: boolean;
}

/** Who counts, and what goes up to an upstream of the same wire. */
interface Counting {
  readonly key: Pick<KeyRecord, 'accountId' | 'allowedModels'>;
  readonly requestId: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface CountedInput {
  readonly inputTokens: number;
  /** Whether the gateway has counted. */
  readonly estimated: boolean;
}

@Injectable()
export class MessagesService {
  private readonly logger = new Logger(MessagesService.name);

  constructor(
    private readonly calls: TextCalls,
    private readonly threads: Threads,
    private readonly records: ResponseRecords,
    private readonly counting: TextCounting,
  ) {}

  /** @throws GatewayError for an unknown model or thread, a tool that cannot run, or an option without a price. */
  async command(
    request: MessagesRequest,
    origin: CallOrigin,
    headers: Readonly<Record<string, string>>,
  ): Promise<MessagesCommand> {
    const resolved = this.calls.resolve(catalogName(request));
    const names = new ToolNames();
    const sameWire = sameWireOf(resolved.model);
    const keepsMarks = resolved.model.targets.some(({ provider }) => provider.cacheControl);
    const { prompt: asked, leftOut, refusal } = toPrompt(request.body, names, keepsMarks);
    if (sameWire !== 'all') refuseOptions(resolved.model, asked, refusal);
    const { requestId, payer } = origin;
    if (leftOut.length > 0)
      this.logger.debug({ msg: 'tools that only Anthropic has are left out', requestId, types: leftOut });
    const { prompt, stored } = await this.threads.of(request, asked, payer);
    const takesEffort = resolved.model.reasoningEfforts !== undefined;
    const call = this.calls.prepare(
      {
        resolved,
        prompt: {
          ...(takesEffort ? prompt : withoutEffort(prompt)),
          ...(sameWire !== 'none' &&
            !continues(request) && { messagesCall: { body: request.body, headers } }),
        },
        stream: request.stream,
        outputCapTokens: request.maxTokens,
        toClientParam: nowhere,
      },
      origin,
      newId('msg'),
    );
    return { request, call, names, stored, isSameWire: sameWire === 'all' };
  }

  offerOf({ call }: MessagesCommand): Offer {
    return this.calls.offerOf(call);
  }

  /** Cold. Only an upstream with a cache of its own could do something for a request that wants no answer. */
  warm(): Observable<Outcome<TextEvent>> {
    const outcomes: readonly Outcome<TextEvent>[] = [
      { event: { type: 'usage', usage: NO_USAGE } },
      { event: { type: 'finish', choice: 0, reason: 'length' } },
    ];
    return from(outcomes);
  }

  /** Cold. */
  run({ call, stored }: MessagesCommand, demand: Demand, once?: OnceCall): Observable<Outcome<TextEvent>> {
    if (!stored) return this.calls.run(call, { demand, shape: withOwnIds, once });
    return defer(() => {
      const { chat, previousResponseId } = stored;
      const responseId = storedIdOf(call.responseId);
      const record = this.records.recordOf({ ...call, responseId }, chat, previousResponseId);
      const shape = (events: Observable<TextEvent>): Observable<TextEvent> =>
        withOwnIds(events).pipe(tap((event) => record.observe(event)));
      return this.calls
        .run(call, { demand, shape, record, once, cancelled: record.running() })
        .pipe(finalize(() => record.done()));
    });
  }

  /**
   * Counted by an upstream of the same wire where there is one that does it, else here.
   * @throws GatewayError as `command` does, and model_not_allowed
   */
  async count(request: MessagesRequest, { key, requestId, headers }: Counting): Promise<CountedInput> {
    const resolved = this.calls.resolve(catalogName(request));
    const { model } = resolved;
    if (!mayUse(key, model)) throw new GatewayError('model_not_allowed', undefined, { param: 'model' });
    const { prompt } = toPrompt(request.body, new ToolNames());
    const call = { body: request.body, headers };
    const told = await this.counting.count({ model, prompt, call, account: key.accountId, requestId });
    return told === undefined
      ? { inputTokens: await countInput(resolved, prompt), estimated: true }
      : { inputTokens: told, estimated: false };
  }
}

function withOwnIds(events: Observable<TextEvent>): Observable<TextEvent> {
  return defer(() => events.pipe(map(ownCallIds())));
}

/** Clients ask every model for an effort; one that lists none may refuse it. */
function withoutEffort(prompt: Prompt): Prompt {
  return { ...prompt, reasoningEffort: undefined };
}

function continues({ thread }: MessagesRequest): boolean {
  return thread?.type === 'continue';
}

/** How many of the targets speak the client's own wire. */
function sameWireOf({ targets }: TextModel): 'all' | 'some' | 'none' {
  const same = targets.filter(({ provider }) => provider.type === 'anthropic');
  if (same.length === 0) return 'none';
  return same.length === targets.length ? 'all' : 'some';
}

/** What other wires cannot say. @throws GatewayError unsupported_parameter */
function refuseOptions({ targets }: TextModel, { extra }: Prompt, refusal: GatewayError | undefined): void {
  if (refusal) throw refusal;
  if (
    extra?.['top_k'] !== undefined &&
    !targets.some(({ provider }) => provider.passFields.includes('top_k'))
  )
    throw unsupported('top_k', 'This model does not take it.');
}

/** The Message `msg_X` is stored as the Response `resp_X`. */
export function storedIdOf(messageId: string): string {
  return messageId.replace(/^msg_/, 'resp_');
}

/** Fields of other wires have other names here. */
function nowhere(): undefined {
  return undefined;
}
