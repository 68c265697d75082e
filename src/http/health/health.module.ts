import { Module } from '@nestjs/common';
import { Drain } from './drain.js';
import { HealthController } from './health.controller.js';

/** Needs a DatabaseProbe from a global module. */
@Module({ controllers: [HealthController], providers: [Drain], exports: [Drain] })
export class HealthModule {}
