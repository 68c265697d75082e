import { Injectable } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import { adaptersOf } from './dialects.js';
import { AddressGuard } from './http/address-guard.js';
import { GuardedClient } from './http/guarded-client.js';
import { nameServers } from './http/resolve-host.js';
import { ProviderConnections } from './provider-connections.js';
import type { VideoProvider } from './video/video-provider.js';

/** One adapter for each provider of the catalog that makes videos. */
@Injectable()
export class VideoProviders extends ProviderConnections<VideoProvider> {
  /** `providerOf` throws a GatewayError for a provider that makes none. */
  constructor() {
    // Content addresses that providers name must be public to be fetched.
    const elsewhere = new GuardedClient(new AddressGuard([]), nameServers());
    super((settings) => {
      const { video } = adaptersOf(settings);
      if (!video) throw new GatewayError('upstream_error', `The provider ${settings.id} makes no videos.`);
      return video.connect(settings, elsewhere);
    });
  }
}
