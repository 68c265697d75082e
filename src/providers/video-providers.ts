import { Injectable } from '@nestjs/common';
import type { ProviderSettings } from '../catalog/model.js';
import { GatewayError } from '../errors/gateway-error.js';
import { SandboxVideoProvider } from './sandbox/sandbox-video-provider.js';
import type { VideoProvider } from './video/video-provider.js';

/** One adapter for each provider of the catalog that makes videos. */
@Injectable()
export class VideoProviders {
  private readonly sandbox = new SandboxVideoProvider(Date.now);

  /** @throws GatewayError for a provider that makes none. */
  providerOf(settings: ProviderSettings): VideoProvider {
    if (settings.type === 'sandbox') return this.sandbox;
    throw new GatewayError('upstream_error', `The provider ${settings.id} makes no videos.`);
  }
}
