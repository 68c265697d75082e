import { Module } from '@nestjs/common';
import { AdminModule } from '../../admin/admin.module.js';
import { MomentsModule } from '../../base/moments/moments.module.js';
import { PaymentsModule } from '../../payments/payments.module.js';
import { ProvidersModule } from '../../providers/providers.module.js';
import { VideosModule } from '../../videos/videos.module.js';
import { AllMetrics } from './all-metrics.js';
import { GasMetrics } from './gas-metrics.js';
import { Metrics } from './metrics.js';
import { MetricsController } from './metrics.controller.js';
import { VideoMetrics } from './video-metrics.js';

@Module({
  imports: [AdminModule, MomentsModule, PaymentsModule, ProvidersModule, VideosModule],
  controllers: [MetricsController],
  providers: [AllMetrics, Metrics, GasMetrics, VideoMetrics],
})
export class MetricsModule {}
