import { Controller, Get, Header, UseGuards } from '@nestjs/common';
import { AdminOrLoopbackGuard } from '../../admin/admin-or-loopback-guard.js';
import { AllMetrics } from './all-metrics.js';

@Controller('metrics')
@UseGuards(AdminOrLoopbackGuard)
export class MetricsController {
  constructor(private readonly metrics: AllMetrics) {}

  @Get()
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  show(): Promise<string> {
    return this.metrics.text();
  }
}
