import { Injectable } from '@nestjs/common';
import { Catalog } from '../catalog/catalog.service.js';
import type { Target } from '../catalog/model.js';
import { withMarkedKey } from '../catalog/provider-keys.js';
import { GatewayError } from '../base/errors/gateway-error.js';
import type { UpstreamVideo, VideoProvider } from '../providers/video/video-provider.js';
import { VideoProviders } from '../providers/video-providers.js';
import type { UpstreamJob, UpstreamPlace } from './domain/video-job.js';

export interface AtUpstream {
  readonly provider: VideoProvider;
  readonly video: UpstreamVideo;
}

/** Finds the upstream of a stored job. */
@Injectable()
export class UpstreamVideos {
  constructor(
    private readonly catalog: Catalog,
    private readonly providers: VideoProviders,
  ) {}

  /** @throws GatewayError when the catalog no longer has its provider, or no upstream accepted it */
  locate({ upstreamId, content, ...place }: UpstreamJob): AtUpstream {
    const target = this.targetOf(place);
    if (upstreamId === undefined) throw new GatewayError('upstream_unavailable');
    return { provider: this.providers.providerOf(target.provider), video: { target, upstreamId, content } };
  }

  /** With the key that the job was submitted with, as long as its provider has it. @throws GatewayError */
  targetOf({ provider: id, upstreamModel, upstreamKey }: UpstreamPlace): Target {
    const provider = this.catalog.provider(id);
    if (!provider) throw new GatewayError('upstream_unavailable');
    return { provider: withMarkedKey(provider, upstreamKey), upstreamModel, priority: 1, weight: 1 };
  }
}
