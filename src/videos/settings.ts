import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config } from '../base/config.js';

const FIRST_POLL_MS = 1_000;
const DAY_MS = 86_400_000;

/** How often, and for how long, an upstream is asked about a job. */
export interface PollSettings {
  /** Pause after the first poll of an unwatched job, milliseconds; doubled with each poll. */
  readonly firstMs: number;
  readonly longestMs: number;
  /** How long the upstream may fail without interruption before the job fails. */
  readonly giveUpMs: number;
  /** How long after its request a job may still be running. */
  readonly timeoutMs: number;
}

/** Configuration of videos. */
@Injectable()
export class VideoSettings {
  readonly polls: PollSettings;
  /** How long a process may be silent before others take over its claims, milliseconds. */
  readonly leaseMs: number;
  /** Base of every absolute URL, without a trailing slash. */
  readonly publicUrl: string;
  /** How long a client may leave sent bytes unread, milliseconds. */
  readonly stallMs: number;
  /** How long a video is kept after its end, milliseconds. */
  readonly keepMs: number;

  constructor(config: ConfigService<Config, true>) {
    const { longestPollMs, ...limits } = config.get('videos', { infer: true });
    this.polls = { firstMs: FIRST_POLL_MS, longestMs: longestPollMs, ...limits };
    this.leaseMs = config.get('payments', { infer: true }).leaseMs;
    this.publicUrl = config.get('listen', { infer: true }).publicUrl;
    this.stallMs = config.get('streaming', { infer: true }).stallMs;
    this.keepMs = config.get('responseRetentionDays', { infer: true }) * DAY_MS;
  }
}
