import { Injectable } from '@nestjs/common';
import { Catalog } from '../catalog/catalog.service.js';
import type { Target, VideoModel } from '../catalog/model.js';
import { newId } from '../base/ids.js';
import type { CallOrigin } from '../payments/charged-work.js';
import type { Price } from '../base/money/price.js';
import { videoPrice } from '../base/money/video-price.js';
import type { Offer } from '../payments/x402/purchase.js';
import { PaymentSettings } from '../payments/settings.js';
import type { VideoImage, VideoSubmission } from '../providers/video/video-provider.js';
import { checkModelOptions } from '../providers/check-model-options.js';
import { orderTargets } from '../providers/order-targets.js';
import { fitToModel, type FieldNames } from './domain/fit-to-model.js';
import type { UpstreamPlace, VideoParameters, VideoShape } from './domain/video-job.js';
import { UpstreamVideos } from './upstream-videos.js';
import { VideoImages, type ImageSource } from './video-images.js';
import type { RequestedImage, VideoRequest } from './video-request.js';
import type { VideoIntent } from './video-store.js';

/** An existing video of an upstream, to be remixed. */
export interface RemixSource {
  /** The gateway's id. */
  readonly id: string;
  readonly upstreamId: string;
  /** A remix runs where its source is. */
  readonly place: UpstreamPlace;
}

/** A checked and priced request for a video. */
export interface VideoCommand {
  readonly id: string;
  readonly origin: CallOrigin;
  readonly shape: VideoShape;
  readonly modelName: string;
  readonly model: VideoModel;
  readonly modelOptions: string;
  readonly parameters: VideoParameters;
  readonly image: RequestedImage | undefined;
  readonly names: FieldNames;
  readonly remix: RemixSource | undefined;
  readonly price: Price;
  readonly createdAtMs: number;
}

/** Everything that a submission needs. */
export interface PreparedVideo {
  readonly command: VideoCommand;
  /** In the order of the attempts. */
  readonly targets: readonly Target[];
  readonly image: ImageSource;
}

@Injectable()
export class VideoCommands {
  constructor(
    private readonly catalog: Catalog,
    private readonly settings: PaymentSettings,
    private readonly images: VideoImages,
    private readonly upstream: UpstreamVideos,
  ) {}

  /**
   * @param gone aborts when the client has left
   * @throws GatewayError for an unknown model, an unsupported parameter, or an invalid image
   */
  async prepare(
    request: VideoRequest,
    { origin, gone }: { readonly origin: CallOrigin; readonly gone: AbortSignal },
    remix?: RemixSource,
  ): Promise<PreparedVideo> {
    const command = this.command(request, origin, remix);
    const image = await this.images.sourceOf(command, gone);
    return { command, targets: this.targetsOf(command), image };
  }

  private targetsOf({ id, model, remix }: VideoCommand): readonly Target[] {
    if (remix) return [this.upstream.targetOf(remix.place)];
    return orderTargets(model.targets, () => id);
  }

  private command(request: VideoRequest, origin: CallOrigin, remix?: RemixSource): VideoCommand {
    const resolved = this.catalog.resolveVideo(request.model);
    checkModelOptions(resolved);
    const { model, modelOptions } = resolved;
    const parameters = fitToModel(
      { ...request.parameters, hasImage: request.image !== undefined },
      model,
      request.names,
    );
    return {
      id: newId('video'),
      origin,
      shape: request.shape,
      modelName: request.model,
      model,
      modelOptions,
      parameters,
      image: request.image,
      names: request.names,
      remix,
      price: videoPrice(model.pricing, parameters.seconds, this.settings.feeBps),
      createdAtMs: Date.now(),
    };
  }
}

/** The record that is stored before anything is sent, with the first target. */
export function intentOf(
  { id, origin, shape, modelName, model, parameters, image, remix, price, createdAtMs }: VideoCommand,
  { provider, upstreamModel }: Target,
  once: VideoIntent['once'],
): VideoIntent {
  const { agent } = origin;
  const payment = origin.payment?.claim.payment;
  return {
    id,
    holdId: newId('hold'),
    payer: origin.payer,
    counted: origin.rate?.counted ?? false,
    requestId: origin.requestId,
    shape,
    model: modelName,
    parameters,
    hasImage: image !== undefined,
    remixedFrom: remix?.id,
    price: payment?.authorised ?? price.wanted,
    terms: {
      ...price.terms,
      chainId: origin.chainId ?? null,
      provider: provider.id,
      model: model.id,
      ...(payment && { payment: { scheme: payment.scheme } }),
      ...(agent && { agent }),
    },
    payment: origin.payment?.claim,
    upstreamModel,
    createdAtMs,
    once,
  };
}

/** What a wallet is asked to pay for. */
export function offerOf({ price, model }: VideoCommand): Offer {
  const timeoutMs = Math.max(...model.targets.map(({ provider }) => provider.timeoutMs));
  return { price, isMetered: false, timeoutMs, model: model.id };
}

export function submissionOf(command: VideoCommand, image: VideoImage | undefined): VideoSubmission {
  const { id, model, modelOptions, names, parameters, remix } = command;
  return {
    model,
    modelOptions,
    prompt: parameters.prompt,
    seconds: parameters.seconds,
    size: parameters.size,
    aspectRatio: parameters.aspectRatio,
    image,
    seed: parameters.seed,
    negativePrompt: parameters.negativePrompt,
    names,
    reference: id,
    remixOf: remix?.upstreamId,
  };
}
