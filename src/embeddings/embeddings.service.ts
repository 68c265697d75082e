import { Injectable } from '@nestjs/common';
import { concat, defer, EMPTY, from, map, tap, type Observable } from 'rxjs';
import { newId } from '../base/ids.js';
import { tariffForInput } from '../base/money/tariff.js';
import { TokenPrice } from '../base/money/token-price.js';
import type { ResolvedEmbeddingModel } from '../catalog/catalog.js';
import { Catalog } from '../catalog/catalog.service.js';
import { entryIdOf } from '../catalog/model.js';
import { Charge } from '../payments/charge.js';
import type { CallOrigin, Grant } from '../payments/charged-work.js';
import type { OnceCall } from '../payments/once/recorded-answer.js';
import type { Outcome } from '../payments/outcome.js';
import { PaymentSettings } from '../payments/settings.js';
import type { Offer } from '../payments/x402/purchase.js';
import { checkModelOptions } from '../providers/check-model-options.js';
import { EmbeddingGeneration } from '../providers/embedding-generation.js';
import type { EmbeddingEvent } from '../providers/embedding/embedding-event.js';
import { countOf } from '../providers/embedding/embedding-request.js';
import type { Demand } from '../streaming/demand.js';
import { roughTokens } from '../text/counting/text-meter.js';
import { EmbeddingMeter } from './embedding-meter.js';
import type { EmbeddingsRequest } from './embeddings-request.js';
import { countTokensOf, mostTokensOf, refuseTooLong } from './input-tokens.js';

/** A request for embeddings that has been checked against the catalog and priced. */
export interface EmbeddingsCommand {
  readonly request: EmbeddingsRequest;
  readonly resolved: ResolvedEmbeddingModel;
  readonly origin: CallOrigin;
  readonly responseId: string;
  readonly price: TokenPrice;
  /** The most tokens that the input can have. */
  readonly mostTokens: number;
}

/** Paid calls for embeddings. */
@Injectable()
export class EmbeddingsService {
  private readonly feeBps: number;

  constructor(
    private readonly catalog: Catalog,
    private readonly charge: Charge,
    private readonly generation: EmbeddingGeneration,
    { feeBps }: PaymentSettings,
  ) {
    this.feeBps = feeBps;
  }

  /** @throws GatewayError for a model that is unknown or of another kind, or token ids beyond its window. */
  command(request: EmbeddingsRequest, origin: CallOrigin): EmbeddingsCommand {
    const resolved = this.catalog.resolveEmbedding(request.model);
    checkModelOptions(resolved);
    const { input } = request;
    const { contextWindow, pricing } = resolved.model;
    refuseTooLong(input, contextWindow);
    const mostTokens = mostTokensOf(input, contextWindow);
    const size = {
      inputTokensBound: mostTokens,
      contextWindow: countOf(input) * contextWindow,
      outputCap: 0,
      choices: 1,
    };
    const price = new TokenPrice(tariffForInput(pricing), size, this.feeBps);
    return { request, resolved, origin, responseId: newId('resp'), price, mostTokens };
  }

  /** What a wallet is asked to pay for. */
  offerOf({ price, resolved: { model } }: EmbeddingsCommand): Offer {
    const timeoutMs = Math.max(...model.targets.map(({ provider }) => provider.timeoutMs));
    return { price, isMetered: true, timeoutMs, model: model.id };
  }

  /** Cold. See `Charge.run`. */
  embed(
    command: EmbeddingsCommand,
    demand: Demand,
    once: OnceCall | undefined,
  ): Observable<Outcome<EmbeddingEvent>> {
    const { request, resolved, origin, responseId, price, mostTokens } = command;
    const { model } = resolved;
    const { provider, upstreamModel } = model.targets[0] ?? {};
    const inputTokens = 'tokens' in request.input ? mostTokens : roughTokens(mostTokens);
    const meter = new EmbeddingMeter(inputTokens, upstreamModel ?? model.id, (counted) =>
      countTokensOf(request.input, counted),
    );
    return this.charge.run({
      origin,
      price,
      model: model.id,
      entryId: entryIdOf(model),
      provider: provider?.id ?? '',
      responseId,
      inputTokensEstimate: inputTokens,
      streamed: false,
      meter,
      ...(once && { once }),
      generate: (grant) => metered(this.generate(command, grant, meter, demand), meter),
    });
  }

  private generate(
    { request, resolved, origin, responseId, mostTokens }: EmbeddingsCommand,
    { accountId, beforeSending }: Grant,
    meter: EmbeddingMeter,
    demand: Demand,
  ): Observable<EmbeddingEvent> {
    const { input, format, dimensions, body } = request;
    return this.generation.generate(
      { ...resolved, account: accountId, input, format, dimensions, mostTokens, body },
      { demand, onSent: meter.markSent, beforeSending, requestId: origin.requestId, responseId },
    );
  }
}

/** What the meter observes; an estimated usage comes last where the upstream gave none. */
function metered(events: Observable<EmbeddingEvent>, meter: EmbeddingMeter): Observable<EmbeddingEvent> {
  const estimate = defer(() => (meter.hasReport ? EMPTY : from(meter.measure()))).pipe(
    map(({ usage }) => ({ type: 'usage', inputTokens: usage.inputTokens, estimated: true }) as const),
  );
  return concat(events, estimate).pipe(tap(meter.observe));
}
