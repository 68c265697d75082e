import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { ProviderSettings } from '../catalog/model.js';
import { GatewayError } from '../base/errors/gateway-error.js';
import { GoogleVideoProvider } from './google/google-video-provider.js';
import { AddressGuard } from './http/address-guard.js';
import { GuardedClient } from './http/guarded-client.js';
import { nameServers } from './http/resolve-host.js';
import { OpenAiVideoProvider } from './openai/video/openai-video-provider.js';
import { ProviderConnections } from './provider-connections.js';
import { SandboxVideoProvider } from './sandbox/sandbox-video-provider.js';
import type { VideoProvider } from './video/video-provider.js';

/** One adapter for each provider of the catalog that makes videos. */
@Injectable()
export class VideoProviders implements OnApplicationShutdown {
  private readonly sandbox = new SandboxVideoProvider(Date.now);
  /** Where providers send for content is public, or not to be fetched. */
  private readonly elsewhere = new GuardedClient(new AddressGuard([]), nameServers());
  private readonly connections = new ProviderConnections<VideoProvider>((settings) =>
    settings.type === 'google'
      ? new GoogleVideoProvider(settings, this.elsewhere)
      : new OpenAiVideoProvider(settings, this.elsewhere),
  );

  /** @throws GatewayError for a provider that makes none. */
  providerOf(settings: ProviderSettings): VideoProvider {
    const { id, type } = settings;
    if (type === 'sandbox') return this.sandbox;
    if (type === 'anthropic') throw new GatewayError('upstream_error', `The provider ${id} makes no videos.`);
    return this.connections.of(settings);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.connections.close();
  }
}
