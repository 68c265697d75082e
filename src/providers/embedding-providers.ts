import { Injectable } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import { adaptersOf } from './dialects.js';
import type { EmbeddingProvider } from './embedding/embedding-provider.js';
import { ProviderConnections } from './provider-connections.js';

/** One adapter for each provider of the catalog that makes embeddings. */
@Injectable()
export class EmbeddingProviders extends ProviderConnections<EmbeddingProvider> {
  /** `providerOf` throws a GatewayError for a provider that makes none. */
  constructor() {
    super((settings) => {
      const { embedding } = adaptersOf(settings);
      if (!embedding)
        throw new GatewayError('upstream_error', `The provider ${settings.id} makes no embeddings.`);
      return embedding.connect(settings);
    });
  }
}
