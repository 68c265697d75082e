import { Controller, Get, Header, UseGuards } from '@nestjs/common';
import { AdminOrLoopbackGuard } from '../../admin/admin-or-loopback-guard.js';
import { Metrics } from './metrics.js';

@Controller('metrics')
@UseGuards(AdminOrLoopbackGuard)
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get()
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  show(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
