import { Inject, Injectable } from '@nestjs/common';
import { tap, type Observable } from 'rxjs';
import { Catalog } from '../catalog/catalog.service.js';
import type { ResolvedModel } from '../catalog/catalog.js';
import { GatewayError } from '../errors/gateway-error.js';
import { newId } from '../ids.js';
import type { JsonObject } from '../json.js';
import type { CallRecord } from '../payments/call-record.js';
import { Charge } from '../payments/charge.js';
import type { AdoptedHold, Grant, Payer } from '../payments/charged-work.js';
import { Quote } from '../payments/domain/quote.js';
import { tariffFor, type PricedOptions } from '../payments/domain/tariff.js';
import { FEE_BPS } from '../payments/fee.js';
import type { OnceCall } from '../payments/once/recorded-answer.js';
import type { Outcome } from '../payments/outcome.js';
import { checkModelOptions } from '../providers/check-model-options.js';
import type { TextEvent } from '../providers/text/text-event.js';
import type { ParamOf } from '../providers/text/text-request.js';
import { TextGeneration } from '../providers/text-generation.js';
import type { Demand } from '../streaming/demand.js';
import { completeUsage } from '../tokens/complete-usage.js';
import { inputText, measureInput } from '../tokens/input-size.js';
import { roughTokens, TextMeter } from '../tokens/text-meter.js';
import { outputCapOf, tokensOfParts } from './count-input.js';

/** What decides the price of a call, and what goes up. */
export interface TextCallRequest extends PricedOptions {
  readonly resolved: ResolvedModel;
  /** A chat-completions body that was checked for shape. */
  readonly chat: JsonObject;
  readonly stream: boolean;
  /** Number of choices. */
  readonly n: number;
  readonly outputCapTokens?: number | undefined;
  /** Absent where the client spoke the chat wire itself. */
  readonly paramOf?: ParamOf;
  /** Nobody waits for the answer: the longer time of background calls applies. */
  readonly background?: boolean;
}

/** A request for text that has been checked against the catalog and priced. */
export interface TextCall {
  readonly request: TextCallRequest;
  readonly payer: Payer;
  readonly responseId: string;
  readonly createdSeconds: number;
  readonly quote: Quote;
  /** A rough count of the input. */
  readonly inputTokens: number;
  /** Input tokens held for the parts that are not text. */
  readonly otherTokens: number;
}

export interface RunOptions<Event> {
  readonly demand: Demand;
  /** Turns the provider's events into what the feature shows. */
  readonly shape: (events: Observable<TextEvent>) => Observable<Event>;
  readonly record?: CallRecord;
  readonly once?: OnceCall | undefined;
  readonly cancelled?: AbortSignal;
  readonly canMove?: boolean;
  readonly adopted?: AdoptedHold | undefined;
}

/** Paid calls for text, whatever the shape in which they were asked for. */
@Injectable()
export class TextCalls {
  constructor(
    private readonly catalog: Catalog,
    private readonly charge: Charge,
    private readonly text: TextGeneration,
    @Inject(FEE_BPS) private readonly feeBps: number,
  ) {}

  /** @throws GatewayError for an unknown model. */
  resolve(model: string): ResolvedModel {
    const resolved = this.catalog.resolveText(model);
    checkModelOptions(resolved);
    return resolved;
  }

  /** @throws GatewayError for an option that the model has no price for. */
  prepare(request: TextCallRequest, payer: Payer, responseId = newId('resp')): TextCall {
    const { model } = request.resolved;
    const tariff = tariffFor(model.pricing, request);
    if ('unpriced' in tariff) throw unpriced(tariff.unpriced);

    const size = measureInput(request.chat);
    const otherTokens = tokensOfParts(size, model.partTokens);
    const quote = new Quote(
      tariff,
      {
        inputTokensBound: size.textBytes + otherTokens,
        contextWindow: model.contextWindow,
        outputCap: outputCapOf(model, request.outputCapTokens),
        choices: request.n,
      },
      this.feeBps,
    );
    return {
      request,
      payer,
      responseId,
      createdSeconds: Math.floor(Date.now() / 1000),
      quote,
      inputTokens: roughTokens(size.textBytes) + otherTokens,
      otherTokens,
    };
  }

  /** Cold. See `Charge.run`. */
  run<Event>(call: TextCall, options: RunOptions<Event>): Observable<Outcome<Event>> {
    const { demand, shape, record, once, cancelled, canMove, adopted } = options;
    const { request, payer, quote, responseId, inputTokens, otherTokens } = call;
    const { model } = request.resolved;
    const meter = new TextMeter({
      roughTokens: inputTokens,
      texts: () => inputText(request.chat),
      otherTokens,
    });
    return this.charge.run({
      payer,
      quote,
      model: model.id,
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
      generate: (grant) =>
        shape(
          completeUsage(this.generate(call, grant, meter, demand), meter).pipe(
            tap((event) => meter.observe(event)),
          ),
        ),
    });
  }

  private generate(
    { request, payer, quote }: TextCall,
    { accountId, loweredOutputCap, beforeSending }: Grant,
    meter: TextMeter,
    demand: Demand,
  ): Observable<TextEvent> {
    const outputCapTokens =
      loweredOutputCap ?? (request.outputCapTokens === undefined ? undefined : quote.size.outputCap);
    return this.text.generate(
      {
        model: request.resolved.model,
        modelOptions: request.resolved.modelOptions,
        account: accountId,
        stream: request.stream,
        chat: request.chat,
        ...(outputCapTokens === undefined ? {} : { outputCapTokens }),
        ...(request.background && { background: true }),
        ...(request.paramOf && { paramOf: request.paramOf }),
      },
      { demand, onSent: meter.markSent, beforeSending, requestId: payer.requestId },
    );
  }
}

function unpriced(param: string): GatewayError {
  return new GatewayError(
    'unsupported_parameter',
    `This model has no price for what \`${param}\` asks for.`,
    { param },
  );
}
