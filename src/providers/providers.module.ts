import { Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { MomentsModule } from '../base/moments/moments.module.js';
import { Moments } from '../base/moments/moments.js';
import { Catalog } from '../catalog/catalog.service.js';
import { CatalogModule } from '../catalog/catalog.module.js';
import type { Config } from '../base/config.js';
import { EmbeddingGeneration } from './embedding-generation.js';
import { EmbeddingProviders } from './embedding-providers.js';
import { ModelDiscovery } from './discovery/model-discovery.js';
import { AddressGuard } from './http/address-guard.js';
import { GuardedClient } from './http/guarded-client.js';
import { nameServers } from './http/resolve-host.js';
import { ImageFetch } from './image/image-fetch.js';
import { TargetHealth } from './target-health.js';
import { TargetReport } from './target-report.js';
import { TextCounting } from './text-counting.js';
import { TextGeneration } from './text-generation.js';
import { TextProviders } from './text-providers.js';
import { VideoGeneration } from './video-generation.js';
import { VideoProviders } from './video-providers.js';

/** An image is a few megabytes, and its client waits. */
const IMAGE_TIMEOUT_MS = 15_000;
const IMAGES_AT_ONCE = 32;

@Module({
  imports: [CatalogModule, MomentsModule],
  providers: [
    ModelDiscovery,
    {
      provide: TextProviders,
      inject: [ImageFetch, ConfigService],
      useFactory: (images: ImageFetch, config: ConfigService<Config, true>) =>
        new TextProviders(images, config.get('maxFrameBytes', { infer: true })),
    },
    {
      provide: TargetHealth,
      inject: [Catalog],
      useFactory: (catalog: Catalog) => {
        const health = new TargetHealth(Date.now);
        catalog.replacements.subscribe(() => health.keep(catalog.providers));
        return health;
      },
    },
    {
      provide: TextGeneration,
      useFactory: (providers: TextProviders, health: TargetHealth, moments: Moments) =>
        new TextGeneration(providers, health, moments, Math.random, Date.now),
      inject: [TextProviders, TargetHealth, Moments],
    },
    {
      provide: TextCounting,
      useFactory: (providers: TextProviders, health: TargetHealth) => new TextCounting(providers, health),
      inject: [TextProviders, TargetHealth],
    },
    {
      provide: ImageFetch,
      inject: [ConfigService],
      useFactory: (config: ConfigService<Config, true>) => {
        const allow = config.get('imageFetchAllow', { infer: true });
        const client = new GuardedClient(new AddressGuard(allow), nameServers());
        const { perProcess: heldBytes } = config.get('intake', { infer: true });
        const limits = { timeoutMs: IMAGE_TIMEOUT_MS, atOnce: IMAGES_AT_ONCE, heldBytes };
        return new ImageFetch(client, { allow, ...limits });
      },
    },
    EmbeddingGeneration,
    EmbeddingProviders,
    TargetReport,
    VideoGeneration,
    VideoProviders,
  ],
  exports: [
    EmbeddingGeneration,
    ImageFetch,
    TextCounting,
    TextGeneration,
    TargetHealth,
    TargetReport,
    VideoGeneration,
    VideoProviders,
  ],
})
export class ProvidersModule {}
