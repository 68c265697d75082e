import { Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { CatalogModule } from '../catalog/catalog.module.js';
import type { Config } from '../config/config.js';
import { HealthModule } from '../http/health/health.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { VideoContents } from './content/video-contents.js';
import { LostVideos } from './lost-videos.js';
import { VideoPoller } from './polling/video-poller.js';
import { KEEP_MS, POLL_SETTINGS, PUBLIC_URL, STALL_MS, type PollSettings } from './settings.js';
import { StoredVideosEndpoint } from './stored-videos-endpoint.js';
import { UpstreamVideos } from './upstream-videos.js';
import { VideoBell } from './video-bell.js';
import { VideoCommands } from './video-command.js';
import { VideoCounts } from './video-counts.js';
import { VideoEndings } from './video-endings.js';
import { VideoImages } from './video-images.js';
import { VideoPresenter } from './video-presenter.js';
import { VideoRetention } from './video-retention.js';
import { VideoSubmissions } from './video-submissions.js';
import { VideosController } from './videos.controller.js';
import { VideosEndpoint } from './videos-endpoint.js';
import { Videos } from './videos.service.js';
import { VideoWatches } from './watch/video-watches.js';

const FIRST_POLL_MS = 1_000;
const DAY_MS = 86_400_000;

/** Needs a VideoStore and a PollStore from a global module. */
@Module({
  imports: [CatalogModule, HealthModule, ProvidersModule],
  controllers: [VideosController],
  providers: [
    {
      provide: POLL_SETTINGS,
      inject: [ConfigService],
      useFactory: (config: ConfigService<Config, true>): PollSettings => {
        const { longestPollMs, ...limits } = config.get('videos', { infer: true });
        return { firstMs: FIRST_POLL_MS, longestMs: longestPollMs, ...limits };
      },
    },
    {
      provide: PUBLIC_URL,
      inject: [ConfigService],
      useFactory: (config: ConfigService<Config, true>) => config.get('listen', { infer: true }).publicUrl,
    },
    {
      provide: STALL_MS,
      inject: [ConfigService],
      useFactory: (config: ConfigService<Config, true>) => config.get('streaming', { infer: true }).stallMs,
    },
    {
      provide: KEEP_MS,
      inject: [ConfigService],
      useFactory: (config: ConfigService<Config, true>) =>
        config.get('responseRetentionDays', { infer: true }) * DAY_MS,
    },
    LostVideos,
    StoredVideosEndpoint,
    UpstreamVideos,
    VideoBell,
    VideoCommands,
    VideoContents,
    VideoCounts,
    VideoEndings,
    VideoImages,
    VideoPoller,
    VideoPresenter,
    VideoRetention,
    Videos,
    VideosEndpoint,
    VideoSubmissions,
    VideoWatches,
  ],
  exports: [VideoCounts],
})
export class VideosModule {}
