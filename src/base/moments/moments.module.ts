import { Module } from '@nestjs/common';
import { Moments } from './moments.js';

@Module({ providers: [Moments], exports: [Moments] })
export class MomentsModule {}
