import { Module } from '@nestjs/common';
import { TargetHealth } from './target-health.js';
import { TextGeneration } from './text-generation.js';
import { TextProviders } from './text-providers.js';
import { VideoGeneration } from './video-generation.js';
import { VideoProviders } from './video-providers.js';

@Module({
  providers: [
    TextProviders,
    { provide: TargetHealth, useFactory: () => new TargetHealth(Date.now) },
    {
      provide: TextGeneration,
      useFactory: (providers: TextProviders, health: TargetHealth) =>
        new TextGeneration(providers, health, Math.random, Date.now),
      inject: [TextProviders, TargetHealth],
    },
    VideoGeneration,
    VideoProviders,
  ],
  exports: [TextGeneration, TargetHealth, VideoGeneration, VideoProviders],
})
export class ProvidersModule {}
