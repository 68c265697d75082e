import { Inject, Injectable } from '@nestjs/common';
import { inRounds } from '../base/work/in-rounds.js';
import { Recurs } from '../base/work/worker.js';
import { VideoSettings } from './settings.js';
import { VideoStore } from './video-store.js';

const EVERY_MS = 600_000;
/** Most videos removed in one round. */
const ROUND = 500;

/** Removes videos that ended longer ago than the operator keeps them. Any number of replicas may do so at once. */
@Injectable()
export class VideoRetention {
  constructor(
    private readonly store: VideoStore,
    @Inject(VideoSettings) private readonly settings: Pick<VideoSettings, 'keepMs'>,
  ) {}

  /** @returns how many were removed */
  @Recurs({ name: 'a purge of videos', every: EVERY_MS, phase: 'upkeep' })
  purge(signal?: AbortSignal): Promise<number> {
    const before = new Date(Date.now() - this.settings.keepMs);
    return inRounds(ROUND, (most) => this.store.purge(before, most), signal);
  }
}
