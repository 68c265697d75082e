import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { Config, StreamingConfig } from '../base/config.js';

const DAY_MS = 86_400_000;

/** What the configuration says about WebSockets of responses. */
interface SocketSettings {
  readonly streaming: StreamingConfig;
  /** Largest message; also the most that is kept of messages that wait, and of responses that are not stored. */
  readonly maxBytes: number;
  /** How long a socket takes messages. */
  readonly lifetimeMs: number;
  /** What its running responses get after that. */
  readonly graceMs: number;
  /** Sockets of one key that may be open in this process. */
  readonly perKey: number;
}

/** What the configuration says about responses. */
@Injectable()
export class ResponseSettings {
  /** How long a request waits for the end of a run that it asked for, milliseconds: longer than a dead process's lease. */
  readonly endWaitMs: number;
  /** How long stored content is kept without use, milliseconds. */
  readonly keepMs: number;
  readonly sockets: SocketSettings;

  constructor(config: ConfigService<Config, true>) {
    this.endWaitMs = config.get('payments', { infer: true }).leaseMs * 2;
    this.keepMs = config.get('responseRetentionDays', { infer: true }) * DAY_MS;
    this.sockets = {
      streaming: config.get('streaming', { infer: true }),
      maxBytes: config.get('maxBodyBytes', { infer: true }),
      lifetimeMs: config.get('socketLifetimeMs', { infer: true }),
      graceMs: config.get('shutdownGraceMs', { infer: true }),
      perKey: config.get('socketsPerKey', { infer: true }),
    };
  }
}
