import { Inject, Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { Catalog } from '../catalog/catalog.service.js';
import type { ResolvedModel } from '../catalog/catalog.js';
import { GatewayError } from '../errors/gateway-error.js';
import { newId } from '../ids.js';
import type { JsonObject } from '../json.js';
import { Charge } from '../payments/charge.js';
import type { Grant, Payer } from '../payments/charged-call.js';
import { Quote } from '../payments/domain/quote.js';
import { tariffFor } from '../payments/domain/tariff.js';
import { FEE_BPS } from '../payments/fee.js';
import type { Outcome } from '../payments/outcome.js';
import { checkModelOptions } from '../providers/check-model-options.js';
import type { TextEvent } from '../providers/text/text-event.js';
import { TextGeneration } from '../providers/text-generation.js';
import type { Demand } from '../streaming/demand.js';
import { completeUsage } from '../tokens/complete-usage.js';
import { roughTokens, TextMeter } from '../tokens/text-meter.js';
import { parseChatRequest, type ChatRequest } from './chat-request.js';
import { inputText, measureInput, type InputSize } from './domain/input-size.js';

/** A chat request that has been checked against the catalog and priced. */
export interface ChatCommand {
  readonly payer: Payer;
  readonly responseId: string;
  readonly createdSeconds: number;
  readonly request: ChatRequest;
  readonly resolved: ResolvedModel;
  readonly quote: Quote;
  readonly size: InputSize;
  /** Input tokens held for the parts that are not text. */
  readonly otherTokens: number;
}

@Injectable()
export class ChatService {
  constructor(
    private readonly catalog: Catalog,
    private readonly charge: Charge,
    private readonly text: TextGeneration,
    @Inject(FEE_BPS) private readonly feeBps: number,
  ) {}

  /** @throws GatewayError for a wrong shape, an unknown model, or an option that the model has no price for. */
  command(body: JsonObject, payer: Payer): ChatCommand {
    const request = parseChatRequest(body);
    const resolved = this.catalog.resolveText(request.model);
    checkModelOptions(resolved);
    const { model } = resolved;
    const tariff = tariffFor(model.pricing, request);
    if ('unpriced' in tariff) throw unpriced(tariff.unpriced);

    const size = measureInput(request.body);
    const { image, audio, file } = model.partTokens;
    const otherTokens = size.images * image + size.audios * audio + size.files * file;
    const quote = new Quote(
      tariff,
      {
        inputTokensBound: size.textBytes + otherTokens,
        contextWindow: model.contextWindow,
        outputCap: Math.min(request.outputCapTokens ?? model.maxOutputTokens, model.maxOutputTokens),
        choices: request.n,
      },
      this.feeBps,
    );
    return {
      payer,
      responseId: newId('resp'),
      createdSeconds: Math.floor(Date.now() / 1000),
      request,
      resolved,
      quote,
      size,
      otherTokens,
    };
  }

  complete(command: ChatCommand, demand: Demand): Observable<Outcome<TextEvent>> {
    const { payer, quote, request, resolved, responseId, size, otherTokens } = command;
    const meter = new TextMeter({
      roughTokens: roughTokens(size.textBytes) + otherTokens,
      texts: () => inputText(request.body),
      otherTokens,
    });
    return this.charge.run({
      payer,
      quote,
      model: resolved.model.id,
      provider: resolved.model.targets[0]?.provider.id ?? '',
      responseId,
      inputTokensEstimate: roughTokens(size.textBytes) + otherTokens,
      streamed: request.stream,
      meter,
      generate: (grant) => completeUsage(this.generate(command, grant, meter, demand), meter),
    });
  }

  private generate(
    { payer, request, resolved, quote }: ChatCommand,
    { accountId, loweredOutputCap }: Grant,
    meter: TextMeter,
    demand: Demand,
  ): Observable<TextEvent> {
    const outputCapTokens =
      loweredOutputCap ?? (request.outputCapTokens === undefined ? undefined : quote.size.outputCap);
    return this.text.generate(
      {
        model: resolved.model,
        modelOptions: resolved.modelOptions,
        account: accountId,
        stream: request.stream,
        chat: request.body,
        ...(outputCapTokens === undefined ? {} : { outputCapTokens }),
      },
      { demand, onSent: meter.markSent, requestId: payer.requestId },
    );
  }
}

function unpriced(param: string): GatewayError {
  return new GatewayError(
    'unsupported_parameter',
    `This model has no price for what \`${param}\` asks for.`,
    {
      param,
    },
  );
}
