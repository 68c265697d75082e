import { Injectable } from '@nestjs/common';
import { Catalog } from '../catalog/catalog.service.js';
import type { Target, VideoModel } from '../catalog/model.js';
import { newId } from '../base/ids.js';
import type { Payer } from '../payments/charged-work.js';
import { encodeVideoPricing, videoCharge, type VideoTerms } from '../money/video-charge.js';
import { PaymentSettings } from '../payments/settings.js';
import type { VideoImage, VideoSubmission } from '../providers/video/video-provider.js';
import { checkModelOptions } from '../providers/check-model-options.js';
import { orderTargets } from '../providers/order-targets.js';
import { TargetHealth } from '../providers/target-health.js';
import { fitToModel, type FieldNames } from './domain/fit-to-model.js';
import type { VideoParameters, VideoShape } from './domain/video-job.js';
import { UpstreamVideos } from './upstream-videos.js';
import { VideoImages, type ImageSource } from './video-images.js';
import type { RequestedImage, VideoRequest } from './video-request.js';

/** A video that an upstream made before, to be made anew. */
export interface RemixSource {
  /** Ours. */
  readonly id: string;
  readonly upstreamId: string;
  /** Configured id; a remix is made where its source is. */
  readonly provider: string;
  readonly upstreamModel: string;
}

/** A checked and priced request for a video. */
export interface VideoCommand {
  readonly id: string;
  readonly payer: Payer;
  readonly shape: VideoShape;
  readonly modelName: string;
  readonly model: VideoModel;
  readonly modelOptions: string;
  readonly parameters: VideoParameters;
  readonly image: RequestedImage | undefined;
  readonly names: FieldNames;
  readonly remix: RemixSource | undefined;
  /** Atomic USDC, fee included. */
  readonly price: bigint;
  /** `provider` is that of the target that is tried first. */
  readonly terms: Omit<VideoTerms, 'provider'>;
  readonly createdAtMs: number;
}

/** What submitting a video takes. */
export interface PreparedVideo {
  readonly command: VideoCommand;
  /** In the order in which they are asked. */
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
    private readonly health: TargetHealth,
  ) {}

  /**
   * @param gone aborted when the client has left
   * @throws GatewayError for an unknown model, for what the model cannot do, and for an image that is none
   */
  async prepare(
    request: VideoRequest,
    { payer, gone }: { readonly payer: Payer; readonly gone: AbortSignal },
    remix?: RemixSource,
  ): Promise<PreparedVideo> {
    const command = this.command(request, payer, remix);
    const image = await this.images.sourceOf(command, gone);
    return { command, targets: this.targetsOf(command), image };
  }

  private targetsOf({ model, remix }: VideoCommand): readonly Target[] {
    if (remix) return [this.upstream.targetOf(remix.provider, remix.upstreamModel)];
    return this.health.usable(orderTargets(model.targets, Math.random));
  }

  private command(request: VideoRequest, payer: Payer, remix?: RemixSource): VideoCommand {
    const resolved = this.catalog.resolveVideo(request.model);
    checkModelOptions(resolved);
    const { model, modelOptions } = resolved;
    const parameters = fitToModel(
      { ...request.parameters, hasImage: request.image !== undefined },
      model,
      request.names,
    );
    const pricing = encodeVideoPricing(model.pricing);
    const terms = {
      pricing,
      seconds: parameters.seconds ?? null,
      feeBps: this.settings.feeBps,
      chainId: payer.chainId ?? null,
      model: model.id,
    };
    const { providerAmount, platformFee } = videoCharge(parameters.seconds, terms);
    return {
      id: newId('video'),
      payer,
      shape: request.shape,
      modelName: request.model,
      model,
      modelOptions,
      parameters,
      image: request.image,
      names: request.names,
      remix,
      price: providerAmount + platformFee,
      terms,
      createdAtMs: Date.now(),
    };
  }
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
