import { Module } from '@nestjs/common';
import { MomentsModule } from '../base/moments/moments.module.js';
import { CatalogModule } from '../catalog/catalog.module.js';
import { HealthModule } from '../http/health/health.module.js';
import { HttpModule } from '../http/http.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { VideoContents } from './content/video-contents.js';
import { LostVideos } from './lost-videos.js';
import { VideoPoller } from './polling/video-poller.js';
import { VideoSettings } from './settings.js';
import { StoredVideosEndpoint } from './stored-videos-endpoint.js';
import { UpstreamVideos } from './upstream-videos.js';
import { VideoAnswers } from './video-answers.js';
import { VideoCommands } from './video-command.js';
import { VideoEndings } from './video-endings.js';
import { VideoImages } from './video-images.js';
import { VideoPayments } from './video-payments.js';
import { VideoPresenter } from './video-presenter.js';
import { VideoRetention } from './video-retention.js';
import { VideoSubmissions } from './video-submissions.js';
import { VideosController } from './videos.controller.js';
import { VideosEndpoint } from './videos-endpoint.js';
import { Videos } from './videos.service.js';
import { VideoWatches } from './watch/video-watches.js';

/** Needs a VideoStore and a PollStore from a global module. */
@Module({
  imports: [CatalogModule, HealthModule, HttpModule, MomentsModule, ProvidersModule],
  controllers: [VideosController],
  providers: [
    LostVideos,
    StoredVideosEndpoint,
    UpstreamVideos,
    VideoAnswers,
    VideoCommands,
    VideoContents,
    VideoEndings,
    VideoImages,
    VideoPayments,
    VideoPoller,
    VideoPresenter,
    VideoRetention,
    Videos,
    VideoSettings,
    VideosEndpoint,
    VideoSubmissions,
    VideoWatches,
  ],
})
export class VideosModule {}
