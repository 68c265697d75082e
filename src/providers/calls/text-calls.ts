import { Injectable } from '@nestjs/common';
import { defer, map, type Observable } from 'rxjs';
import { Catalog } from '../../catalog/catalog.service.js';
import type { ResolvedModel } from '../../catalog/catalog.js';
import { entryIdOf, type TextModel } from '../../catalog/model.js';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { newId } from '../../base/ids.js';
import type { CallRecord } from '../../payments/call-record.js';
import { Charge } from '../../payments/charge.js';
import type { AdoptedHold, Grant, CallOrigin } from '../../payments/charged-work.js';
import { HeldDemand } from '../../payments/x402/held-demand.js';
import type { Offer } from '../../payments/x402/purchase.js';
import { TokenPrice, type CallSize } from '../../base/money/token-price.js';
import { addUsage } from '../../base/money/usage.js';
import { tariffFor } from '../../base/money/tariff.js';
import { PaymentSettings } from '../../payments/settings.js';
import type { Measurement } from '../../base/money/meter.js';
import type { OnceCall } from '../../payments/once/recorded-answer.js';
import type { Outcome } from '../../payments/outcome.js';
import { checkModelOptions } from '../check-model-options.js';
import { hourCacheOf } from './hour-cache.js';
import { refuseUnsupported } from '../refuse-unsupported.js';
import type { TextEvent } from '../../text/text-event.js';
import type { ToClientParam } from '../text/text-request.js';
import { TextGeneration } from '../text-generation.js';
import type { Demand } from '../../streaming/demand.js';
import { CallMeter } from '../../text/counting/call-meter.js';
import { inputText, measureInput, tokensOfParts } from '../../text/counting/input-size.js';
import { metered } from '../../text/counting/metered.js';
import { roughTokens, TextMeter } from '../../text/counting/text-meter.js';
import type { Prompt } from '../../text/prompt.js';
import { fitEffort, outputCapOf } from './fit-to-model.js';

/** The inputs that decide a call's price and its upstream request. */
export interface TextCallRequest {
  readonly resolved: ResolvedModel;
  readonly prompt: Prompt;
  readonly stream: boolean;
  readonly outputCapTokens?: number | undefined;
  /** Absent where the client spoke the chat wire itself. */
  readonly toClientParam?: ToClientParam;
  /** No client waits for the answer: the longer time limit of background calls applies. */
  readonly background?: boolean;
  /** An earlier request to the model, whose answer is part of `prompt`. */
  readonly before?: PrecedingRequest | undefined;
}

export interface PrecedingRequest {
  readonly prompt: Prompt;
  readonly outputCapTokens: number;
}

export interface AskOptions {
  /** The limit of this request, instead of the call's own. */
  readonly outputCapTokens?: number;
  /**
   * Whether the client sees the model's output. Output that it does not see is not charged when the call fails
   * meanwhile.
   */
  readonly isShown?: boolean;
}

/** What a running call can do. */
export interface Asking {
  readonly accountId: string;
  /** Cold. Asks the model as a part of the call: the usage is added to the earlier usage of the call. */
  readonly ask: (prompt: Prompt, options?: AskOptions) => Observable<TextEvent>;
}

/**
 * Turns the provider's events into what the feature shows.
 *
 * @param events the model's answer to the call's `prompt`; subscribing to them sends the request
 */
export type Shape<Event> = (events: Observable<TextEvent>, asking: Asking) => Observable<Event>;

/** A request for text that has been checked against the catalog and priced. */
export interface TextCall {
  readonly request: TextCallRequest;
  readonly origin: CallOrigin;
  readonly responseId: string;
  readonly createdAtMs: number;
  /** The same time in whole Unix seconds, as the API shows it. */
  readonly createdSeconds: number;
  readonly price: TokenPrice;
  /** A rough count of the input of the first request. */
  readonly inputTokens: number;
  /** The size of `request.prompt`. */
  readonly size: MeasuredInput;
}

interface MeasuredInput {
  /** UTF-8 bytes of the text. */
  readonly textBytes: number;
  /** Input tokens held for the parts that are not text. */
  readonly otherTokens: number;
}

export interface RunOptions<Event> {
  readonly demand: Demand;
  readonly shape: Shape<Event>;
  readonly record?: CallRecord;
  readonly once?: OnceCall | undefined;
  readonly cancelled?: AbortSignal;
  readonly canMove?: boolean;
  readonly adopted?: AdoptedHold | undefined;
}

/** Paid calls for text, whatever the form of the request. */
@Injectable()
export class TextCalls {
  private readonly feeBps: number;

  constructor(
    private readonly catalog: Catalog,
    private readonly charge: Charge,
    private readonly text: TextGeneration,
    { feeBps }: PaymentSettings,
  ) {
    this.feeBps = feeBps;
  }

  /** @throws GatewayError for an unknown model. */
  resolve(model: string): ResolvedModel {
    const resolved = this.catalog.resolveText(model);
    checkModelOptions(resolved);
    return resolved;
  }

  /** @throws GatewayError for an option that the model has no price for, or that no target of it knows. */
  prepare(request: TextCallRequest, origin: CallOrigin, responseId = newId('resp')): TextCall {
    const { before, prompt, resolved } = request;
    const { model } = resolved;
    const { serviceTier, webSearch, hosted } = prompt;
    const searches = webSearch !== undefined || hosted !== undefined;
    const hourCache = hourCacheOf(prompt, model);
    const tariff = tariffFor(model.pricing, { serviceTier, webSearch: searches, hourCache });
    if ('unpriced' in tariff) throw unpriced(tariff.unpriced);
    refuseUnsupported(model, prompt, request.toClientParam);

    const size = sizeOf(prompt, model);
    const sizeBefore = before && sizeOf(before.prompt, model);
    const callSize = (input: MeasuredInput, cap: number | undefined): CallSize => ({
      inputTokensBound: input.textBytes + input.otherTokens,
      contextWindow: model.contextWindow,
      outputCap: outputCapOf(model, cap),
      choices: prompt.choices,
    });
    const spentBefore =
      before && sizeBefore
        ? new TokenPrice(tariff, callSize(sizeBefore, before.outputCapTokens), this.feeBps).wanted
        : 0n;
    const main = callSize(size, request.outputCapTokens);
    // The earlier answer is a part of the input.
    const inputTokensBound = main.inputTokensBound + (before?.outputCapTokens ?? 0);
    const createdAtMs = Date.now();
    return {
      request,
      origin,
      responseId,
      createdAtMs,
      createdSeconds: Math.floor(createdAtMs / 1000),
      price: new TokenPrice(tariff, { ...main, inputTokensBound }, this.feeBps, spentBefore),
      inputTokens: roughInput(sizeBefore ?? size),
      size,
    };
  }

  /** What a wallet is asked to pay for. */
  offerOf({ request, price }: TextCall): Offer {
    const { model } = request.resolved;
    const timeoutMs = Math.max(...model.targets.map(({ provider }) => provider.timeoutMs));
    return { price, isMetered: true, timeoutMs, model: model.id };
  }

  /** Cold. See `Charge.run`. */
  run<Event>(call: TextCall, options: RunOptions<Event>): Observable<Outcome<Event>> {
    const { shape, record, once, cancelled, canMove, adopted } = options;
    const { request, origin, price, responseId, inputTokens } = call;
    const held = origin.payment && new HeldDemand(options.demand);
    const demand = held ?? options.demand;
    const { model } = request.resolved;
    const meter = new CallMeter(inputTokens);
    return this.charge.run({
      origin,
      price,
      model: model.id,
      entryId: entryIdOf(model),
      provider: model.targets[0]?.provider.id ?? '',
      responseId,
      inputTokensEstimate: inputTokens,
      streamed: request.stream,
      meter,
      ...(record && { record }),
      ...(once && { once }),
      ...(cancelled && { cancelled }),
      ...(request.background && { background: true }),
      ...(canMove && { canMove }),
      ...(adopted && { adopted }),
      ...(held && { demand: held }),
      generate: (grant) => {
        const ask: Asking['ask'] = (prompt, asked) =>
          this.ask(call, { prompt, ...asked }, grant, meter, demand);
        return shape(ask(request.prompt), { accountId: grant.accountId, ask });
      },
    });
  }

  private ask(
    call: TextCall,
    asked: AskOptions & { readonly prompt: Prompt },
    grant: Grant,
    meter: CallMeter,
    demand: Demand,
  ): Observable<TextEvent> {
    return defer(() => {
      const { request } = call;
      const size = asked.prompt === request.prompt ? call.size : sizeOf(asked.prompt, request.resolved.model);
      const own = new TextMeter({
        roughTokens: roughInput(size),
        texts: () => inputText(asked.prompt),
        otherTokens: size.otherTokens,
      });
      // `beforeSending` marks the call as sent, which is allowed once, however often the call asks.
      const { beforeSending, ...rest } = grant;
      const granted = meter.sent || !beforeSending ? rest : { ...rest, beforeSending };
      meter.add(own, asked.isShown ?? true);
      const { earlier } = meter;
      const events = metered(this.generate(call, asked, granted, own, demand), own);
      return earlier ? events.pipe(map((event) => inTotal(event, earlier))) : events;
    });
  }

  private generate(
    { request, origin, responseId, price }: TextCall,
    { prompt, outputCapTokens }: AskOptions & { readonly prompt: Prompt },
    { accountId, loweredOutputCap, beforeSending }: Grant,
    meter: TextMeter,
    demand: Demand,
  ): Observable<TextEvent> {
    const { model } = request.resolved;
    const isLimited = request.outputCapTokens !== undefined || model.defaultOutputTokens !== undefined;
    const own = isLimited ? price.size.outputCap : undefined;
    const cap =
      outputCapTokens === undefined ? (loweredOutputCap ?? own) : outputCapOf(model, outputCapTokens);
    return this.text.generate(
      {
        model,
        modelOptions: request.resolved.modelOptions,
        account: accountId,
        // A background call may have no listener, but its output so far is kept when it is cancelled.
        stream: request.stream || request.background === true,
        prompt: fitEffort(prompt, model),
        ...(cap === undefined ? {} : { outputCapTokens: cap }),
        ...(request.background && { background: true }),
        ...(request.toClientParam && { toClientParam: request.toClientParam }),
      },
      { demand, onSent: meter.markSent, beforeSending, requestId: origin.requestId, responseId },
    );
  }
}

function sizeOf(prompt: Prompt, { partTokens }: TextModel): MeasuredInput {
  const size = measureInput(prompt);
  return { textBytes: size.textBytes, otherTokens: tokensOfParts(size, partTokens) };
}

function roughInput({ textBytes, otherTokens }: MeasuredInput): number {
  return roughTokens(textBytes) + otherTokens;
}

/** An upstream's usage object is for one request, so it is not shown for several. */
function inTotal(event: TextEvent, earlier: Measurement): TextEvent {
  if (event.type !== 'usage') return event;
  const estimated = earlier.estimated || event.estimated === true;
  const usage = addUsage(earlier.usage, event.usage);
  return { type: 'usage', usage, ...(estimated && { estimated }) };
}

function unpriced(param: string): GatewayError {
  return new GatewayError(
    'unsupported_parameter',
    `This model has no price for what \`${param}\` asks for.`,
    { param },
  );
}
